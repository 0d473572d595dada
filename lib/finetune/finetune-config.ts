import { z } from 'zod';
import { optimizerFields, type TrainConfig, TrainConfigSchema } from '../config/index.js';
import { type Label, TASKS, type Task } from '../data/index.js';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';

const count = z.int().positive();
const probability = z.number().min(0).lt(1);

/** How a task is learned, as users write it; the defaults are the paper's (Radford et al. 2018, section 4.1 and its code). */
export interface FineTuneConfigInput {
  /** One of `TASKS`. */
  task: Task;
  /** The classes, in the order of the head's outputs. Default: those of the training data. */
  labels?: readonly Label[] | undefined;
  /** Times that each example is seen. Default 3. */
  epochs?: number | undefined;
  /** Examples in a step. Default 32. */
  batchSize?: number | undefined;
  /** Forward and backward passes that make one step of `batchSize` examples; up to `batchSize`. Default 1. */
  accumulate?: number | undefined;
  /** The highest learning rate. Default 6.25e-5. */
  lr?: number | undefined;
  /** Part of the steps with a rising learning rate; it falls in a straight line to 0 afterwards. Default 0.002. */
  warmup?: number | undefined;
  /** AdamW's. Default [0.9, 0.999]. */
  betas?: readonly [number, number] | undefined;
  /** AdamW's. Default 1e-8. */
  eps?: number | undefined;
  /** Decoupled, on matrices only. Default 0.01. */
  weightDecay?: number | undefined;
  /** The gradient's highest global norm; 0 turns clipping off. Default 1. */
  clip?: number | undefined;
  /** λ: what language modelling on the task's texts counts beside the task. Default 0.5. */
  lambda?: number | undefined;
  /** What the language-modelling loss is the mean of, see `CombinedOptions`. Default `sequence`. */
  reduction?: 'sequence' | 'token' | undefined;
  /** On embeddings, attention, residuals and the head's input. Default: the model's own, and 0.1 for the head. */
  dropout?: number | undefined;
  /** Tokens of the longest sequence. Default: the context length. */
  maxLength?: number | undefined;
  /** Keeps the embeddings and so many of the first blocks as they are. Default 0: nothing. */
  freeze?: number | undefined;
  /** A new random order each epoch, examples of similar length together; else the order of the file. Default true. */
  shuffle?: boolean | undefined;
  /** Epochs without a better one after which training ends. Default: never. */
  patience?: number | undefined;
  /** Of the head's and new tokens' weights, the order of the data and dropout. Default 0. */
  seed?: number | undefined;
}

/** The same with every default filled in. */
export type FineTuneConfig = Required<Omit<FineTuneConfigInput, 'labels' | 'dropout' | 'maxLength' | 'patience'>> &
  Pick<FineTuneConfigInput, 'labels' | 'dropout' | 'maxLength' | 'patience'>;

export const FineTuneConfigSchema = z.strictObject({
  task: z.enum(TASKS),
  labels: z
    .array(z.union([z.string(), z.number()]))
    .min(2)
    .optional(),
  epochs: count.default(3),
  batchSize: optimizerFields.batchSize.default(32),
  accumulate: optimizerFields.accumulate,
  lr: optimizerFields.lr.default(6.25e-5),
  warmup: z.number().min(0).lt(1).default(0.002),
  betas: z.tuple([probability, probability]).default([0.9, 0.999]),
  eps: optimizerFields.eps,
  weightDecay: optimizerFields.weightDecay.default(0.01),
  clip: optimizerFields.clip,
  lambda: z.number().min(0).default(0.5),
  reduction: z.enum(['sequence', 'token']).default('sequence'),
  dropout: probability.optional(),
  maxLength: z.int().min(5).optional(),
  freeze: z.int().min(0).default(0),
  shuffle: z.boolean().default(true),
  patience: count.optional(),
  seed: z.int().min(0).default(0),
}) satisfies z.ZodType<FineTuneConfig, FineTuneConfigInput>;

/** @throws InputError naming field, value, what is allowed */
export function parseFineTuneConfig(value: unknown, where = 'fine-tuning'): FineTuneConfig {
  const config = parseOrThrow(FineTuneConfigSchema, value, where);
  if (config.accumulate <= config.batchSize) return config;
  const told = `field "accumulate" is ${config.accumulate}; allowed: 1 to batchSize, which is ${config.batchSize}`;
  throw new InputError(`${where}: ${told}`);
}

/** The same as steps: a validation and a checkpoint after each epoch. */
export function toTrainConfig(config: FineTuneConfig, stepsPerEpoch: number): TrainConfig {
  const { epochs, batchSize, accumulate, lr, warmup, betas, eps, weightDecay, clip, patience, seed } = config;
  const steps = epochs * stepsPerEpoch;
  const warmupSteps = Math.min(steps - 1, Math.round(warmup * steps));
  return TrainConfigSchema.parse({
    ...{
      steps,
      batchSize,
      accumulate,
      lr,
      schedule: 'linear',
      warmupSteps,
      betas,
      eps,
      weightDecay,
      clip,
      patience,
      seed,
    },
    evalEvery: stepsPerEpoch,
    logEvery: 1,
  });
}
