import { z } from 'zod';
import { DIALOGUE_LAYOUTS, LOSS_ON } from '../data/dialogues/index.js';
import type { GPTConfigInput } from '../model/index.js';
import { parseOrThrow } from '../validate.js';
import { type TrainConfig, type TrainConfigInput, TrainConfigSchema } from './train-config.js';

/** How text becomes tokens. */
export interface TokenizerConfig {
  /** `char`: one entry a character of the data. `bpe`: byte-level BPE trained on the data. `file`: one that exists. Default `char`. */
  type?: 'char' | 'bpe' | 'file' | undefined;
  /** `bpe` only, where it is needed: entries, from 257. */
  vocabSize?: number | undefined;
  /** `file` only, where it is needed: path of a `tokenizer.json`. */
  file?: string | undefined;
  /** `char` with dialogues: characters seen less often in the data are `<unk>`. Default 1: none. */
  minimumCount?: number | undefined;
}

/** How the data is read. */
export interface DataConfig {
  /** `text`: running text in windows. `dialogues`: a chat model's. Default `text`. */
  format?: 'text' | 'dialogues' | undefined;
  /** The last part of a text, or as many dialogues drawn by the seed, that is held out. Default 0.1. */
  validationFraction?: number | undefined;
  /** `text` only. `random`, the default: windows anywhere, as nanoGPT draws them; `epoch`: each token once before any twice. */
  order?: 'random' | 'epoch' | undefined;
  /** `text` only, k: each target is predicted from the k tokens before it and nothing else. Default: from its window. */
  windows?: number | undefined;
  /** `dialogues` only: how the files write them down. Default: what a file's name says, or its text shows. */
  layout?: (typeof DIALOGUE_LAYOUTS)[number] | undefined;
  /** `dialogues` only: white space inside utterances goes, for files with a space after each character. Default false. */
  dropSpaces?: boolean | undefined;
  /** `dialogues` only: whose words are learned, both speakers' (default) or the second's, who answers. */
  lossOn?: (typeof LOSS_ON)[number] | undefined;
}

/** A model, its tokenizer, how data is read and how the model is trained: what `--config` and `--set` describe. */
export interface RunConfigInput {
  /** For people. */
  description?: string | undefined;
  /** A GPT's fields. Default `vocabSize`: the tokenizer's. */
  model: Omit<GPTConfigInput, 'vocabSize'> & Partial<Pick<GPTConfigInput, 'vocabSize'>>;
  tokenizer?: TokenizerConfig | undefined;
  data?: DataConfig | undefined;
  train: TrainConfigInput;
}

/** The same with every default filled in but the model's. */
export interface RunConfig {
  /** For people. */
  description?: string | undefined;
  /** Checked by `parseGPTConfig` once the tokenizer has given the vocabulary's size. */
  model: Record<string, unknown>;
  tokenizer: TokenizerConfig & Required<Pick<TokenizerConfig, 'type'>>;
  data: DataConfig & Required<Pick<DataConfig, 'format' | 'validationFraction'>>;
  train: TrainConfig;
}

const TokenizerSchema = z
  .strictObject({
    type: z.enum(['char', 'bpe', 'file']).default('char'),
    vocabSize: z.int().min(257).optional(),
    file: z.string().min(1).optional(),
    minimumCount: z.int().min(1).optional(),
  })
  .superRefine(({ type, vocabSize, file }, context) => {
    if (type === 'bpe' && vocabSize === undefined) {
      context.addIssue({ code: 'custom', path: ['vocabSize'], message: 'the number of entries to train a BPE for' });
    }
    if (type === 'file' && file === undefined) {
      context.addIssue({ code: 'custom', path: ['file'], message: 'the path of a tokenizer.json' });
    }
  });

const DataSchema = z
  .strictObject({
    format: z.enum(['text', 'dialogues']).default('text'),
    validationFraction: z.number().min(0).lt(1).default(0.1),
    order: z.enum(['random', 'epoch']).optional(),
    windows: z.int().positive().optional(),
    layout: z.enum(DIALOGUE_LAYOUTS).optional(),
    dropSpaces: z.boolean().optional(),
    lossOn: z.enum(LOSS_ON).optional(),
  })
  .superRefine((data, context) => {
    const others =
      data.format === 'text' ? (['layout', 'dropSpaces', 'lossOn'] as const) : (['order', 'windows'] as const);
    for (const field of others) {
      if (data[field] === undefined) continue;
      context.addIssue({ code: 'custom', path: [field], message: `nothing where data.format is ${data.format}` });
    }
  });

export const RunConfigSchema = z
  .strictObject({
    description: z.string().optional(),
    model: z.record(z.string(), z.unknown()),
    tokenizer: TokenizerSchema.prefault({}),
    data: DataSchema.prefault({}),
    train: TrainConfigSchema,
  })
  .superRefine(({ tokenizer, data }, context) => {
    if (tokenizer.minimumCount === undefined || (tokenizer.type === 'char' && data.format === 'dialogues')) return;
    const message = 'nothing but where tokenizer.type is char and data.format is dialogues, which have <unk>';
    context.addIssue({ code: 'custom', path: ['tokenizer', 'minimumCount'], message });
  }) satisfies z.ZodType<RunConfig>;

/** @throws InputError naming field, value, what is allowed and the nearest known name. */
export function parseRunConfig(value: unknown, where = 'run'): RunConfig {
  return parseOrThrow(RunConfigSchema, value, where);
}
