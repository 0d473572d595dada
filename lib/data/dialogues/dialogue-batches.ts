import { ArgumentError, InputError } from '../../errors.js';
import { highest } from '../../extremes.js';
import { chunk, shuffledBatches } from '../batches-by-length.js';
import { Epochs } from '../epochs.js';
import { Random } from '../random.js';
import { spreadEvenly } from '../spread-evenly.js';
import { type DialogueTargetOptions, dialogueTargets, type EncodedDialogue } from './encode-dialogues.js';

/** Dialogues of similar length, padded at the end. */
export interface DialogueBatch {
  /** (batch, length), row by row. */
  tokens: BigInt64Array;
  /** (batch, length); -100 where a target does not count. */
  targets: BigInt64Array;
  batch: number;
  length: number;
  /** Targets that count. */
  targetCount: number;
}

/** How dialogues become batches. */
export interface DialogueBatchOptions extends DialogueTargetOptions {
  /** Dialogues in a batch. */
  batchSize: number;
  /** What stands after a dialogue's end; no target counts there. Default 0. */
  padId?: number | undefined;
}

/**
 * Dialogues to train on, each once in an epoch, in an order that follows from seed and epoch.
 * @throws ArgumentError on an option out of range.
 * @throws InputError when no dialogue has a target.
 */
export class DialogueBatches extends Epochs<DialogueBatch> {
  /** Dialogues without any target (with `answers`, those of which only a question is left). They are in no batch. */
  readonly skipped: number;

  constructor(
    dialogues: readonly EncodedDialogue[],
    { seed = 0, epochs, ...options }: Omit<DialogueBatchOptions, 'uncounted'> & { seed?: number; epochs?: number },
  ) {
    const { batchSize, lossOn, padId, samples } = prepare(dialogues, options);
    const plan = (epoch: number) => {
      const batches = shuffledBatches(samples, batchSize, new Random(seed, epoch), ({ inputs }) => inputs.length);
      return (index: number) => pad(batches[index] ?? [], padId);
    };
    const tokens = samples.reduce((sum, { inputs }) => sum + inputs.length, 0);
    const identity = { seed, dialogues: samples.length, tokens, batchSize, lossOn };
    super({ identity, batches: Math.ceil(samples.length / batchSize), plan, epochs });
    this.skipped = dialogues.length - samples.length;
  }
}

/**
 * Dialogues to validate on: each once, shortest first, the same batches each time.
 * `maxBatches`: at most so many batches, spread evenly over short and long dialogues; 0: all. Default 0.
 */
export function* dialogueEvaluationBatches(
  dialogues: readonly EncodedDialogue[],
  { maxBatches = 0, ...options }: DialogueBatchOptions & { maxBatches?: number },
): Generator<DialogueBatch, void, undefined> {
  const { batchSize, padId, samples } = prepare(dialogues, options);
  const batches = chunk(samples.sort(byLength), batchSize);
  for (const index of spreadEvenly(batches.length, maxBatches)) yield pad(batches[index] ?? [], padId);
}

type Sample = ReturnType<typeof dialogueTargets>;

function prepare(dialogues: readonly EncodedDialogue[], options: DialogueBatchOptions) {
  const { batchSize, lossOn = 'both', uncounted, padId = 0 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ArgumentError(`batchSize is ${batchSize}; allowed: whole numbers from 1`);
  }
  const samples = dialogues
    .map((dialogue) => dialogueTargets(dialogue, { lossOn, uncounted }))
    .filter((sample) => sample.targetCount > 0);
  if (samples.length === 0) throw new InputError(`none of ${dialogues.length} dialogues has a target to learn`);
  return { batchSize, lossOn, padId, samples };
}

function byLength(a: Sample, b: Sample): number {
  return a.inputs.length - b.inputs.length;
}

function pad(samples: readonly Sample[], padId: number): DialogueBatch {
  const length = highest(samples.map(({ inputs }) => inputs.length));
  const tokens = new BigInt64Array(samples.length * length).fill(BigInt(padId));
  const targets = new BigInt64Array(samples.length * length).fill(-100n);
  for (const [row, sample] of samples.entries()) {
    tokens.set(sample.inputs.map(BigInt), row * length);
    targets.set(sample.targets.map(BigInt), row * length);
  }
  const targetCount = samples.reduce((sum, sample) => sum + sample.targetCount, 0);
  return { tokens, targets, batch: samples.length, length, targetCount };
}
