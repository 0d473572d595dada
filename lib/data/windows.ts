import { ArgumentError, InputError } from '../errors.js';
import { Epochs, type EpochsOptions } from './epochs.js';
import { Random } from './random.js';

/** Places in a token sequence, all of one length: `inputs` are `[offset, offset + length)`, targets one token on. */
export interface WindowBatch {
  offsets: number[];
  length: number;
  /** Targets before this position of each window do not count (-100). */
  firstTarget: number;
  /** Targets that count, in all windows together. */
  targetCount: number;
}

/** What turns places into numbers: a `TokenFile`, or a class of your own. */
export interface WindowSource<T> {
  /**
   * Windows of `length` tokens and the tokens one further on.
   * @param firstTarget targets before this position are -100; absent: all count.
   */
  windows(offsets: number[], length: number, firstTarget?: number): { inputs: T; targets: T };
}

/** How windows are drawn from a token sequence. */
export interface TokenWindowsOptions {
  /** Length of the token sequence. */
  tokens: number;
  contextLength: number;
  /** Windows in a batch. */
  batchSize: number;
  /**
   * `random`: each window anywhere, as nanoGPT draws them; there are no epochs. `epoch`: windows side by side in random
   * order, each once in an epoch; they begin anew elsewhere in each epoch, so that no token is always left over.
   */
  order?: 'random' | 'epoch';
  /**
   * k: each target is predicted from the k tokens before it and nothing else. A window then has k tokens and one target,
   * its last, so a target costs k times the work; the model's own `attentionWindow` costs less and sees further back.
   */
  windows?: number;
  /** Whole number from 0. Default 0. */
  seed?: number;
  /** For `epoch`: epochs after which iteration ends. Default: endless. */
  epochs?: number;
  /** What the tokens are, for errors. Default "the training part". */
  name?: string;
}

/**
 * Windows of a token sequence to train on: places only, which `readWindows` turns into tensors.
 * @throws ArgumentError on an option out of range.
 * @throws InputError when the sequence is shorter than one window and its last target.
 */
export class TokenWindows extends Epochs<WindowBatch> {
  constructor(options: TokenWindowsOptions) {
    const { tokens, batchSize, order = 'random', seed = 0, epochs, name = 'the training part' } = options;
    const { length, firstTarget } = windowShape(options);
    if (tokens < length + 1) {
      throw new InputError(`${name} has ${tokens} tokens; one window needs ${length + 1} (${length} and a target)`);
    }
    const shape = { tokens, batchSize, seed, length, firstTarget };
    const { batches, plan } = order === 'random' ? randomWindows(shape) : windowsSideBySide(shape);
    super({ identity: { order, ...shape }, batches, plan, epochs });
  }
}

type Shape = Pick<WindowBatch, 'length' | 'firstTarget'> & { tokens: number; batchSize: number; seed: number };
type Plan = Pick<EpochsOptions<WindowBatch>, 'batches' | 'plan'>;

function randomWindows({ tokens, batchSize, seed, length, firstTarget }: Shape): Plan {
  const batchAt = (index: number) => {
    const random = new Random(seed, index);
    const offsets = Array.from({ length: batchSize }, () => random.nextInt(tokens - length));
    return makeBatch(offsets, length, firstTarget);
  };
  return { batches: Number.POSITIVE_INFINITY, plan: () => batchAt };
}

function windowsSideBySide({ tokens, batchSize, seed, length, firstTarget }: Shape): Plan {
  const stride = length - firstTarget;
  const targets = tokens - 1 - firstTarget;
  const count = Math.floor(targets / stride);
  if (count >= 2 ** 32) throw new ArgumentError(`${count} windows are too many for order "epoch"; use "random"`);
  const plan = (epoch: number) => {
    const random = new Random(seed, epoch);
    const start = random.nextInt((targets % stride) + 1);
    const windows = random.permutation(count);
    return (index: number) => {
      const chosen = windows.subarray(index * batchSize, (index + 1) * batchSize);
      const offsets = Array.from(chosen, (window) => start + window * stride);
      return makeBatch(offsets, length, firstTarget);
    };
  };
  return { batches: Math.ceil(count / batchSize), plan };
}

/** The tensors (or arrays) of a batch of windows. */
export function readWindows<T>(source: WindowSource<T>, batch: WindowBatch): { inputs: T; targets: T } {
  const { offsets, length, firstTarget } = batch;
  return firstTarget === 0 ? source.windows(offsets, length) : source.windows(offsets, length, firstTarget);
}

export function makeBatch(offsets: number[], length: number, firstTarget: number): WindowBatch {
  return { offsets, length, firstTarget, targetCount: offsets.length * (length - firstTarget) };
}

/** The length of a window, and its first target: 0, or with `windows: k` the last of k. */
export function windowShape(options: { contextLength: number; batchSize: number; windows?: number }) {
  const { contextLength, batchSize, windows } = options;
  for (const [name, value] of Object.entries({ contextLength, batchSize, windows: windows ?? 1 })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ArgumentError(`${name} is ${value}; allowed: whole numbers from 1`);
    }
  }
  if (windows === undefined) return { length: contextLength, firstTarget: 0 };
  if (windows > contextLength) {
    throw new ArgumentError(`windows is ${windows}; allowed: up to contextLength (${contextLength})`);
  }
  return { length: windows, firstTarget: windows - 1 };
}
