import { addCounts, type Objective, weightedLoss } from '../objectives/index.js';
import { type AdamW, clipGradNorm, type NamedParameters } from '../optim/index.js';
import { engine, scope, type Tensor } from '../tensor/index.js';
import type { Batch } from './batch.js';

export interface StepOptions<B extends Batch> {
  /** The micro-batches of the step. They are disposed of. */
  batches: readonly B[];
  objective: Objective<NoInfer<B>>;
  optimizer: AdamW;
  /** What the optimizer changes: whose gradients are clipped together. */
  parameters: NamedParameters;
  lr: number;
  /** Highest global norm of the gradient; 0: no clipping. */
  clip: number;
}

export interface StepNumbers {
  /** The objective before the update. */
  loss: number;
  /** Mean of each of its terms. */
  terms: Record<string, number>;
  /** Global norm of the gradient before clipping. */
  gradNorm: number;
}

/** An optimizer step that is queued: its numbers arrive when the engine has come to it. */
export interface PendingStep {
  tokens: number;
  /** Reads once; frees the tensors. */
  read(): Promise<StepNumbers>;
}

/**
 * Queues forward, backward and update. Each micro-batch's sums are divided by the counts of the whole step, so that
 * gradients add up to those of the means over the step, however unevenly the micro-batches are filled.
 */
export async function queueStep<B extends Batch>(options: StepOptions<B>): Promise<PendingStep> {
  const { batches, objective, optimizer, parameters, lr, clip } = options;
  const { weights } = objective;
  const totals = addCounts(batches.map((batch) => objective.counts(batch)));
  const parts: [term: string, part: Tensor][] = [];
  let tokens = 0;
  for (const batch of batches) {
    if (parts.length > 0) await engine.drained();
    parts.push(...scope(() => backward(objective, batch, totals)));
    tokens += batch.tokenCount;
    batch.dispose();
  }
  const gradNorm = clipGradNorm(parameters, clip > 0 ? clip : Number.POSITIVE_INFINITY);
  optimizer.step({ lr });
  optimizer.zeroGrad();
  // Asked for now, behind this step: asked for later, they would stand behind the steps that are queued meanwhile.
  const tensors = [gradNorm, ...parts.map(([, part]) => part)];
  const numbers = Promise.all(tensors.map((tensor) => tensor.item()));
  numbers.catch(() => {}); // a failure is told by read()
  return {
    tokens,
    async read() {
      const [norm = Number.NaN, ...values] = await numbers;
      for (const tensor of tensors) tensor.dispose();
      const terms = addCounts(parts.map(([term], i) => ({ [term]: values[i] ?? Number.NaN })));
      return { loss: weightedLoss(weights, terms), terms, gradNorm: norm };
    },
  };
}

/** Adds a micro-batch's gradients. @returns its share of each term's mean */
function backward<B>(
  objective: Objective<B>,
  batch: B,
  totals: Readonly<Record<string, number>>,
): [term: string, part: Tensor][] {
  const parts = Object.entries(objective.sums(batch)).flatMap(([term, sum]): [string, Tensor][] => {
    const total = totals[term] ?? 0;
    return total === 0 ? [] : [[term, sum.mul(1 / total)]];
  });
  const weighted = parts.map(([term, part]) => {
    const weight = objective.weights[term] ?? 0;
    return weight === 1 ? part : part.mul(weight);
  });
  if (weighted.length > 0) weighted.reduce((sum, part) => sum.add(part)).backward();
  return parts;
}
