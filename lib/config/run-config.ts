import { z } from 'zod';
import { DIALOGUE_LAYOUTS, LOSS_ON } from '../data/dialogues/index.js';
import { parseOrThrow } from '../validate.js';
import { TrainConfigSchema } from './train-config.js';

const TokenizerSchema = z
  .strictObject({
    /** `char`: one entry a character of the data. `bpe`: byte-level BPE trained on the data. `file`: one that exists. */
    type: z.enum(['char', 'bpe', 'file']).default('char'),
    /** Entries of a BPE to train. */
    vocabSize: z.int().min(257).optional(),
    /** Path of a `tokenizer.json`. */
    file: z.string().min(1).optional(),
    /** `char` with dialogues: characters seen less often in the data are `<unk>`. Default 1: none. */
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
    /** `text`: running text in windows. `dialogues`: a chat model's. */
    format: z.enum(['text', 'dialogues']).default('text'),
    /** The last part of a text, or as many dialogues drawn by the seed, that is held out. */
    validationFraction: z.number().min(0).lt(1).default(0.1),
    /** `text` only. `random`: windows anywhere, as nanoGPT draws them; `epoch`: each token once before any twice. */
    order: z.enum(['random', 'epoch']).optional(),
    /** `text` only, k: each target is predicted from the k tokens before it and nothing else. */
    windows: z.int().positive().optional(),
    /** `dialogues` only: how the files write them down. Default: what a file's name says, or its text shows. */
    layout: z.enum(DIALOGUE_LAYOUTS).optional(),
    /** `dialogues` only: white space inside utterances goes, for files with a space after each character. Default false. */
    dropSpaces: z.boolean().optional(),
    /** `dialogues` only: whose words are learned, both speakers' (default) or the second's, who answers. */
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
    /** Checked by `parseGPTConfig` once the tokenizer has given the vocabulary's size. */
    model: z.record(z.string(), z.unknown()),
    tokenizer: TokenizerSchema.prefault({}),
    data: DataSchema.prefault({}),
    train: TrainConfigSchema,
  })
  .superRefine(({ tokenizer, data }, context) => {
    if (tokenizer.minimumCount === undefined || (tokenizer.type === 'char' && data.format === 'dialogues')) return;
    const message = 'nothing but where tokenizer.type is char and data.format is dialogues, which have <unk>';
    context.addIssue({ code: 'custom', path: ['tokenizer', 'minimumCount'], message });
  });

/** What `--config` and `--set` describe: a model, its tokenizer, how data is read and how the model is trained. */
export type RunConfig = z.output<typeof RunConfigSchema>;

/** @throws InputError naming field, value, what is allowed and the nearest known name. */
export function parseRunConfig(value: unknown, where: string): RunConfig {
  return parseOrThrow(RunConfigSchema, value, where);
}
