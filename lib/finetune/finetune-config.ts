import { z } from 'zod';
import { optimizerFields, type TrainConfig, TrainConfigSchema } from '../config/index.js';
import { TASKS } from '../data/index.js';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';

const count = z.int().positive();
const probability = z.number().min(0).lt(1);

/** How a task is learned; the defaults are the paper's (Radford et al. 2018, section 4.1 and its code). */
export const FineTuneConfigSchema = z.strictObject({
  task: z.enum(TASKS),
  /** The classes, in the order of the head's outputs. Default: those of the training data. */
  labels: z
    .array(z.union([z.string(), z.number()]))
    .min(2)
    .optional(),
  epochs: count.default(3),
  /** Examples in a step. */
  batchSize: optimizerFields.batchSize.default(32),
  /** Forward and backward passes that make one step of `batchSize` examples; up to `batchSize`. */
  accumulate: optimizerFields.accumulate,
  lr: optimizerFields.lr.default(6.25e-5),
  /** Part of the steps with a rising learning rate; it falls in a straight line to 0 afterwards. */
  warmup: z.number().min(0).lt(1).default(0.002),
  betas: z.tuple([probability, probability]).default([0.9, 0.999]),
  eps: optimizerFields.eps,
  /** Decoupled, on matrices only. */
  weightDecay: optimizerFields.weightDecay.default(0.01),
  /** The gradient's highest global norm; 0 turns clipping off. */
  clip: optimizerFields.clip,
  /** λ: what language modelling on the task's texts counts beside the task. */
  lambda: z.number().min(0).default(0.5),
  /** What the language-modelling loss is the mean of. */
  reduction: z.enum(['sequence', 'token']).default('sequence'),
  /** On embeddings, attention, residuals and the head's input. Default: the model's own, and 0.1 for the head. */
  dropout: probability.optional(),
  /** Tokens of the longest sequence. Default: the context length. */
  maxLength: z.int().min(5).optional(),
  /** Keeps the embeddings and so many of the first blocks as they are. */
  freeze: z.int().min(0).default(0),
  /** A new random order each epoch, examples of similar length together; else the order of the file. */
  shuffle: z.boolean().default(true),
  /** Epochs without a better one after which training ends. Default: never. */
  patience: count.optional(),
  /** Of the head's and new tokens' weights, the order of the data and dropout. */
  seed: z.int().min(0).default(0),
});

/** A whole, checked configuration. */
export type FineTuneConfig = z.output<typeof FineTuneConfigSchema>;
/** What a user writes. */
export type FineTuneConfigInput = z.input<typeof FineTuneConfigSchema>;

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
