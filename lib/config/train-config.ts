import { z } from 'zod';
import { BOUNDS } from '../bounds.js';
import { parseOrThrow } from '../validate.js';

/** The course of a learning rate, see `createSchedule`. */
export type ScheduleKind = 'constant' | 'linear' | 'cosine' | 'wsd';
export const SCHEDULE_KINDS = ['constant', 'linear', 'cosine', 'wsd'] as const satisfies readonly ScheduleKind[];

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

/** How a model is trained, as users write it: fields with a default may be left out. Steps are optimizer steps. */
export interface TrainConfigInput {
  /** Optimizer steps of the whole run. */
  steps: number;
  /** Sequences (windows or dialogues) in one forward pass. */
  batchSize: number;
  /** Forward and backward passes that make one step; the loss is the mean over the targets of all of them. Default 1. */
  accumulate?: number | undefined;
  /** The highest learning rate, reached after the warm-up. */
  lr: number;
  /** Where the decay ends. Default 0. */
  minLr?: number | undefined;
  /** The learning rate's course, see `createSchedule`. Default `cosine`. */
  schedule?: ScheduleKind | undefined;
  /** Steps of linear warm-up. Default 0. */
  warmupSteps?: number | undefined;
  /** The step at which `minLr` is reached. Default: `steps`. */
  decayEnd?: number | undefined;
  /** `wsd` only: the length of the decay, in steps. Default: a fifth of `decayEnd`. */
  decaySteps?: number | undefined;
  /** AdamW's. Default [0.9, 0.95]. */
  betas?: readonly [number, number] | undefined;
  /** AdamW's. Default 1e-8. */
  eps?: number | undefined;
  /** Decoupled, on matrices only. Default 0.1. */
  weightDecay?: number | undefined;
  /** The gradient's highest global norm; 0 turns clipping off. Default 1. */
  clip?: number | undefined;
  /**
   * Whether a step is recorded once and then replayed: `auto` where the device makes a graph of it, `on` everywhere. The numbers
   * are the same on a CPU, where it saves JavaScript's part alone. Default `auto`.
   */
  capture?: 'auto' | 'on' | 'off' | undefined;
  /** Of the initial weights, the order of the data and dropout. Default 1337. */
  seed?: number | undefined;
  /** Steps between validations; there is also one before the first step and one after the last. Default 250. */
  evalEvery?: number | undefined;
  /** Batches of a validation, spread evenly over the validation part; 0: all of them. Default 0. */
  evalBatches?: number | undefined;
  /** Steps between checkpoints. Default: `evalEvery`. */
  saveEvery?: number | undefined;
  /** Steps between lines of metrics.jsonl. Default 10. */
  logEvery?: number | undefined;
  /** The run ends after so many validations without a better one. Default: never. */
  patience?: number | undefined;
  /** The run ends after this time, with a checkpoint that resumes. Default: never. */
  maxMinutes?: number | undefined;
}

/** The same with every default filled in. */
export type TrainConfig = Required<
  Omit<TrainConfigInput, 'decayEnd' | 'decaySteps' | 'saveEvery' | 'patience' | 'maxMinutes'>
> &
  Pick<TrainConfigInput, 'decayEnd' | 'decaySteps' | 'saveEvery' | 'patience' | 'maxMinutes'>;

export const TrainConfigSchema = z
  .strictObject({
    steps: count,
    ...optimizerFields,
    minLr: z.number().min(0).default(0),
    schedule: z.enum(SCHEDULE_KINDS).default('cosine'),
    warmupSteps: z.int().min(0).default(0),
    decayEnd: count.optional(),
    decaySteps: count.optional(),
    betas: z.tuple([decayRate, decayRate]).default([0.9, 0.95]),
    weightDecay: optimizerFields.weightDecay.default(0.1),
    capture: z.enum(['auto', 'on', 'off']).default('auto'),
    seed: z.int().min(0).default(1337),
    evalEvery: count.default(250),
    evalBatches: z.int().min(0).default(0),
    saveEvery: count.optional(),
    logEvery: count.default(10),
    patience: count.optional(),
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
  }) satisfies z.ZodType<TrainConfig, TrainConfigInput>;

/** @throws InputError naming field, value, what is allowed and the nearest known name */
export function parseTrainConfig(value: unknown, where = 'training'): TrainConfig {
  return parseOrThrow(TrainConfigSchema, value, where);
}
