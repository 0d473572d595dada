import { z } from 'zod';
import { BOUNDS } from '../bounds.js';

export const SCHEDULE_KINDS = ['constant', 'linear', 'cosine', 'wsd'] as const;
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number];

const count = z.int().positive();
const decayRate = z.number().min(0).lt(1);

/** Fields that the configurations of all kinds of training have. */
export const optimizerFields = {
  batchSize: count.max(BOUNDS.batchSize.most),
  accumulate: count.max(BOUNDS.batchSize.most).default(1),
  lr: z.number().positive().max(BOUNDS.learningRate.most),
  eps: z.number().positive().max(BOUNDS.epsilon.most).default(1e-8),
  weightDecay: z.number().min(0).max(BOUNDS.weightDecay.most),
  clip: z.number().min(0).max(BOUNDS.clip.most).default(1),
};

/** How a model is trained. Steps are optimizer steps. */
export const TrainConfigSchema = z
  .strictObject({
    steps: count,
    /** Sequences (windows or dialogues) in one forward pass. */
    batchSize: optimizerFields.batchSize,
    /** Forward and backward passes that make one step; the loss is the mean over the targets of all of them. */
    accumulate: optimizerFields.accumulate,
    lr: optimizerFields.lr,
    minLr: z.number().min(0).default(0),
    schedule: z.enum(SCHEDULE_KINDS).default('cosine'),
    warmupSteps: z.int().min(0).default(0),
    /** The step at which `minLr` is reached. Default: `steps`. */
    decayEnd: count.optional(),
    /** `wsd` only: the length of the decay. Default: a fifth of `decayEnd`. */
    decaySteps: count.optional(),
    betas: z.tuple([decayRate, decayRate]).default([0.9, 0.95]),
    eps: optimizerFields.eps,
    /** Decoupled, on matrices only. */
    weightDecay: optimizerFields.weightDecay.default(0.1),
    /** The gradient's highest global norm; 0 turns clipping off. */
    clip: optimizerFields.clip,
    /**
     * Whether a step is recorded once and then replayed: `auto` where the device makes a graph of it, `on` everywhere. The numbers
     * are the same on a CPU, where it saves JavaScript's part alone.
     */
    capture: z.enum(['auto', 'on', 'off']).default('auto'),
    /** Of the initial weights, the order of the data and dropout. */
    seed: z.int().min(0).default(1337),
    /** Steps between validations; there is also one before the first step and one after the last. */
    evalEvery: count.default(250),
    /** Batches of a validation, spread evenly over the validation part; 0: all of them. */
    evalBatches: z.int().min(0).default(0),
    /** Steps between checkpoints. Default: `evalEvery`. */
    saveEvery: count.optional(),
    /** Steps between lines of metrics.jsonl. */
    logEvery: count.default(10),
    /** The run ends after so many validations without a better one. Default: never. */
    patience: count.optional(),
    /** The run ends after this time, with a checkpoint that resumes. */
    maxMinutes: z.number().positive().optional(),
  })
  .superRefine((train, context) => {
    const decayEnd = train.decayEnd ?? train.steps;
    const refuse = (field: keyof typeof train, allowed: string) =>
      context.addIssue({ code: 'custom', path: [field], message: allowed });
    if (train.minLr > train.lr) refuse('minLr', `at most lr (${train.lr})`);
    if (train.warmupSteps >= decayEnd && train.warmupSteps > 0)
      refuse('warmupSteps', `< ${decayEnd}, the end of the decay`);
    if (train.decaySteps !== undefined && train.decaySteps > decayEnd - train.warmupSteps) {
      refuse('decaySteps', `<= ${decayEnd - train.warmupSteps}, the steps between warm-up and end of decay`);
    }
  });

export type TrainConfig = z.output<typeof TrainConfigSchema>;
