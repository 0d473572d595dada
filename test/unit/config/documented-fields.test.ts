import { expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import type { RunConfigSchema, TrainConfigSchema } from '../../../lib/config/index.js';
import type { FineTuneConfigSchema } from '../../../lib/finetune/finetune-config.js';
import type {
  FineTuneConfig,
  FineTuneConfigInput,
  GPTConfig,
  GPTConfigInput,
  RunConfig,
  RunConfigInput,
  TrainConfig,
  TrainConfigInput,
} from '../../../lib/index.js';
import type { gptConfigSchema } from '../../../lib/model/config.js';

type Fields<T> = keyof T;
type Required<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];

// Each schema says that what it gives has the documented type; here, that no documented field is unknown to it.
test('every documented field is one that is read, and may be left out where the schema has a default', () => {
  expectTypeOf<Fields<GPTConfigInput>>().toEqualTypeOf<Fields<z.input<typeof gptConfigSchema>>>();
  expectTypeOf<Required<GPTConfigInput>>().toEqualTypeOf<Required<z.input<typeof gptConfigSchema>>>();
  expectTypeOf<Fields<GPTConfig>>().toEqualTypeOf<Fields<z.output<typeof gptConfigSchema>>>();
  expectTypeOf<Fields<TrainConfigInput>>().toEqualTypeOf<Fields<z.input<typeof TrainConfigSchema>>>();
  expectTypeOf<Required<TrainConfigInput>>().toEqualTypeOf<Required<z.input<typeof TrainConfigSchema>>>();
  expectTypeOf<Required<TrainConfig>>().toEqualTypeOf<Required<z.output<typeof TrainConfigSchema>>>();
  expectTypeOf<Fields<FineTuneConfigInput>>().toEqualTypeOf<Fields<z.input<typeof FineTuneConfigSchema>>>();
  expectTypeOf<Required<FineTuneConfigInput>>().toEqualTypeOf<Required<z.input<typeof FineTuneConfigSchema>>>();
  expectTypeOf<Required<FineTuneConfig>>().toEqualTypeOf<Required<z.output<typeof FineTuneConfigSchema>>>();
  expectTypeOf<Fields<RunConfigInput>>().toEqualTypeOf<Fields<z.input<typeof RunConfigSchema>>>();
  expectTypeOf<Fields<RunConfig['data']>>().toEqualTypeOf<Fields<z.output<typeof RunConfigSchema>['data']>>();
  expectTypeOf<Fields<RunConfig['tokenizer']>>().toEqualTypeOf<Fields<z.output<typeof RunConfigSchema>['tokenizer']>>();
});
