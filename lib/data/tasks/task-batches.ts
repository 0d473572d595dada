import { ArgumentError } from '../../errors.js';
import { chunk, shuffledBatches } from '../batches-by-length.js';
import { Epochs } from '../epochs.js';
import { Random } from '../random.js';
import type { EncodedExample } from './assemble.js';

/** How examples become batches. */
export interface TaskBatchOptions {
  /** Examples in a batch. */
  batchSize: number;
  /** Whole number from 0. Default 0. */
  seed?: number;
  /** In another random order each epoch, examples of similar length together; else as they come. Default true. */
  shuffle?: boolean;
  /** Epochs after which iteration ends. Default: endless. */
  epochs?: number;
}

/** Examples to train on, each once in an epoch. */
export class TaskBatches extends Epochs<EncodedExample[]> {
  /** @throws ArgumentError on an option out of range, or no example */
  constructor(examples: readonly EncodedExample[], options: TaskBatchOptions) {
    const { batchSize, seed = 0, shuffle = true, epochs } = options;
    if (examples.length === 0) throw new ArgumentError('no examples');
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ArgumentError(`batchSize is ${batchSize}; allowed: whole numbers from 1`);
    }
    const plan = (epoch: number) => {
      const batches = shuffle
        ? shuffledBatches(examples, batchSize, new Random(seed, epoch), longest)
        : chunk(examples, batchSize);
      return (index: number) => batches[index] ?? [];
    };
    const tokens = examples.reduce((sum, { sequences }) => sum + sequences.flat().length, 0);
    const identity = { seed, examples: examples.length, tokens, batchSize, shuffle: Number(shuffle) };
    super({ identity, batches: Math.ceil(examples.length / batchSize), plan, epochs });
  }
}

/** Tokens of an example's longest sequence. */
export function longest({ sequences }: EncodedExample): number {
  return sequences.reduce((most, sequence) => Math.max(most, sequence.length), 0);
}
