import { InputError } from '../errors.js';
import { spreadEvenly } from './spread-evenly.js';
import { makeBatch, type WindowBatch, windowShape } from './windows.js';

/** How a text is cut for evaluation. */
export interface EvaluationWindowsOptions {
  /** Length of the token sequence. */
  tokens: number;
  contextLength: number;
  batchSize: number;
  /** k: each target is predicted from the k tokens before it and nothing else, as in training. */
  windows?: number;
  /** At most so many batches, spread evenly over the sequence; 0: all of them. Default 0. */
  maxBatches?: number;
  /** What the tokens are, for errors. Default "the validation part". */
  name?: string;
}

/**
 * Covers a token sequence from its beginning: every token but the first is a target exactly once. Windows lie side by
 * side, the last one is as short as what is left (a batch of its own). The same batches each time.
 *
 * With `windows: k` the first window counts whole, as the first k targets have no k tokens before them.
 * @throws InputError when there are less than two tokens.
 */
export function* evaluationWindows(options: EvaluationWindowsOptions): Generator<WindowBatch, void, undefined> {
  const { tokens, batchSize, maxBatches = 0, name = 'the validation part' } = options;
  const { length, firstTarget } = windowShape(options);
  if (tokens < 2) throw new InputError(`${name} has ${tokens} tokens; at least 2 are needed`);
  const stride = length - firstTarget;
  // Whole windows that follow on from each other, then what is left; the first has targets that others have not.
  const head = firstTarget === 0 ? 0 : 1;
  const whole = Math.max(0, Math.floor((tokens - 1 - firstTarget) / stride) - head);
  const wholeBatches = Math.ceil(whole / batchSize);
  const covered = head * firstTarget + (head + whole) * stride;
  const batchAt = (index: number): WindowBatch => {
    if (index < head) return makeBatch([0], Math.min(length, tokens - 1), 0);
    const first = head + (index - head) * batchSize;
    if (index - head === wholeBatches) return makeBatch([covered], tokens - 1 - covered, 0);
    const count = Math.min(batchSize, head + whole - first);
    return makeBatch(
      Array.from({ length: count }, (_, i) => (first + i) * stride),
      length,
      firstTarget,
    );
  };
  const rest = covered < tokens - 1 && firstTarget === 0 ? 1 : 0;
  for (const index of spreadEvenly(head + wholeBatches + rest, maxBatches)) yield batchAt(index);
}
