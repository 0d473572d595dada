import { chunk, type EncodedExample, longest } from '../data/index.js';
import { ArgumentError } from '../errors.js';
import { noGrad, scope, type Tensor } from '../tensor/index.js';
import { extractsAfterPrefix, sharedPrefixLength } from './shared-prefix.js';
import { layOutChoices, makeTaskBatch } from './task-batch.js';
import { answerKind } from './task-config.js';
import type { TaskModel } from './task-model.js';

/** Batches that are under way at once: the engine never waits, and its queue stays short. */
const BATCHES_AHEAD = 4;

export interface LogitsOptions {
  /** Examples in a batch. Default 32. */
  batchSize?: number;
  /** Aborted: the promise is rejected with its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * What the head makes of each example, without dropout and gradients, in the order given: as many numbers as there are
 * classes, one score, or as many as the example has choices.
 *
 * Examples of similar length are computed together, and what an example's choices have in common only once.
 */
export async function computeLogits(
  model: TaskModel,
  examples: readonly EncodedExample[],
  { batchSize = 32, signal }: LogitsOptions = {},
): Promise<number[][]> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ArgumentError(`batchSize is ${batchSize}; allowed: whole numbers from 1`);
  }
  const results: number[][] = new Array(examples.length);
  const underWay: { batch: Ordered[]; logits: Tensor }[] = [];
  const readDownTo = async (length: number) => {
    for (const { batch, logits } of underWay.splice(0, underWay.length - length)) {
      const [width = 1, values] = [logits.shape[1], await logits.toArray()];
      logits.dispose();
      for (const [row, { index, example }] of batch.entries()) {
        const count = model.config.task === 'multiple-choice' ? example.sequences.length : width;
        results[index] = Array.from(values.subarray(row * width, row * width + count), Number);
      }
    }
  };
  try {
    for (const batch of batchesOf(model, examples, batchSize)) {
      signal?.throwIfAborted();
      underWay.push({ batch, logits: runBatch(model, batch) });
      if (underWay.length > BATCHES_AHEAD) await readDownTo(BATCHES_AHEAD);
    }
    await readDownTo(0);
  } finally {
    for (const { logits } of underWay) logits.dispose();
  }
  return results;
}

interface Ordered {
  example: EncodedExample;
  /** Its place among the examples given. */
  index: number;
  /** Tokens that its sequences begin with in common; 0 where they are computed whole. */
  prefix: number;
}

function batchesOf(model: TaskModel, examples: readonly EncodedExample[], batchSize: number): Ordered[][] {
  const shares = model.config.task === 'multiple-choice';
  const ordered = examples
    .map((example, index): Ordered => ({ example, index, prefix: shares ? sharedPrefixLength(example) : 0 }))
    .sort((a, b) => a.prefix - b.prefix || longest(a.example) - longest(b.example));
  const groups = new Map<number, Ordered[]>();
  for (const each of ordered) {
    const group = groups.get(each.prefix);
    if (group) group.push(each);
    else groups.set(each.prefix, [each]);
  }
  return [...groups.values()].flatMap((group) => chunk(group, batchSize));
}

/** (examples, outputs) */
function runBatch(model: TaskModel, batch: readonly Ordered[]): Tensor {
  const examples = batch.map(({ example }) => example);
  const [prefix = 0] = batch.map((each) => each.prefix);
  const { device } = model;
  const wasTraining = model.training;
  model.eval();
  try {
    return noGrad(() =>
      scope(() => {
        if (prefix === 0) return model.forward(makeTaskBatch(examples, { answer: answerKind(model.config), device }));
        const choices = layOutChoices(examples, device);
        const extracts = extractsAfterPrefix(model.gpt, examples, prefix, choices.exampleOf); // (S, width)
        return model.head.logits(extracts, { choices, exampleCount: examples.length }, false);
      }),
    );
  } finally {
    if (wasTraining) model.train();
  }
}
