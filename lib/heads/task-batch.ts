import type { AnswerKind, EncodedExample } from '../data/index.js';
import { highest } from '../extremes.js';
import { IGNORE_INDEX, type Tensor, tensor } from '../tensor/index.js';

/** Examples as tensors: N examples of S sequences together, padded at the end to T tokens. */
export interface TaskBatch {
  /** (S, T) int64 */
  readonly tokens: Tensor;
  /** (S, T) int64: the token after each, -100 where the sequence ends. */
  readonly targets: Tensor;
  /** (S, T) float32: 1 / targets of the sequence, so that Σ weight · loss is a mean for each sequence. */
  readonly targetWeights: Tensor;
  /** (S) int64: places of the extract tokens in the S · T tokens. */
  readonly extracts: Tensor;
  /** (N) int64 class or choice; for scores (N) float32. */
  readonly answers: Tensor;
  /** Where the answer is a choice: which scores belong to which example. */
  readonly choices: ChoiceLayout | undefined;
  /** N. */
  readonly exampleCount: number;
  /** S: one an example, or two (similarity), or one a choice. */
  readonly sequenceCount: number;
  /** Targets that count, in all sequences together. */
  readonly targetCount: number;
  /** Real tokens. */
  readonly tokenCount: number;
  /** Frees the batch's tensors. */
  dispose(): void;
}

/** Examples may have different numbers of choices. */
export interface ChoiceLayout {
  /** (S) int64: the example of each sequence. */
  readonly exampleOf: Tensor;
  /** (N, most choices) int64: the sequence of each choice; S where an example has no such choice. */
  readonly sequenceOf: Tensor;
}

/** How examples become tensors. */
export interface TaskBatchOptions {
  /** See `answerKind`. */
  answer: AnswerKind;
  /** Default "cpu". */
  device?: string;
}

/** Examples as tensors on a device, their sequences padded at the end to one length. */
export function makeTaskBatch(examples: readonly EncodedExample[], { answer, device }: TaskBatchOptions): TaskBatch {
  const sequences = examples.flatMap((example) => example.sequences);
  const [count, length] = [sequences.length, highest(sequences.map((sequence) => sequence.length))];
  const tokens = new BigInt64Array(count * length);
  const targets = new BigInt64Array(count * length).fill(BigInt(IGNORE_INDEX));
  const weights = new Float32Array(count * length);
  for (const [row, sequence] of sequences.entries()) {
    const ids = BigInt64Array.from(sequence, BigInt);
    tokens.set(ids, row * length);
    targets.set(ids.subarray(1), row * length);
    weights.fill(1 / (sequence.length - 1), row * length, row * length + sequence.length - 1);
  }
  const tokenCount = sequences.reduce((sum, sequence) => sum + sequence.length, 0);
  const shape = [count, length];
  // Examples that are only to be answered have none.
  const answers = examples.map(({ answer }) => (Number.isNaN(answer) ? IGNORE_INDEX : answer));
  const tensors = {
    tokens: tensor(tokens, { shape, device }),
    targets: tensor(targets, { shape, device }),
    targetWeights: tensor(weights, { shape, device }),
    extracts: tensor(
      sequences.map((sequence, row) => row * length + sequence.length - 1),
      { dtype: 'int64', device },
    ),
    answers: tensor(answers, { dtype: answer === 'score' ? 'float32' : 'int64', device }),
  };
  const choices = answer === 'choice' ? layOutChoices(examples, device) : undefined;
  return {
    ...tensors,
    choices,
    exampleCount: examples.length,
    sequenceCount: count,
    targetCount: tokenCount - count,
    tokenCount,
    dispose() {
      for (const made of [...Object.values(tensors), choices?.exampleOf, choices?.sequenceOf]) made?.dispose();
    },
  };
}

/** @param examples of any number of choices each */
export function layOutChoices(examples: readonly EncodedExample[], device?: string): ChoiceLayout {
  const counts = examples.map(({ sequences }) => sequences.length);
  const most = highest(counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  let first = 0;
  const sequenceOf = counts.map((count) => {
    const row = Array.from({ length: most }, (_, choice) => (choice < count ? first + choice : total));
    first += count;
    return row;
  });
  const exampleOf = counts.flatMap((count, example) => Array.from({ length: count }, () => example));
  return {
    exampleOf: tensor(exampleOf, { dtype: 'int64', device }),
    sequenceOf: tensor(sequenceOf, { dtype: 'int64', device }),
  };
}
