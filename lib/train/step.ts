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

/** What a step computes: the gradient's norm before clipping, and each micro-batch's share of each term's mean. */
export interface StepTensors {
  gradNorm: Tensor;
  parts: (readonly [term: string, part: Tensor])[];
}

/**
 * Queues forward, backward and update. Each micro-batch's sums are divided by the counts of the whole step, so that
 * gradients add up to those of the means over the step, however unevenly the micro-batches are filled.
 */
export async function queueStep<B extends Batch>(options: StepOptions<B>): Promise<PendingStep> {
  const { batches, objective, optimizer, lr } = options;
  const totals = countsOf(options);
  const parts: StepTensors['parts'] = [];
  for (const batch of batches) {
    if (parts.length > 0) await engine.drained();
    parts.push(...scope(() => backward(objective, batch, totals)));
    batch.dispose();
  }
  const gradNorm = clip(options);
  optimizer.step({ lr });
  optimizer.zeroGrad();
  return pendingStep(options, { gradNorm, parts }, ({ gradNorm, parts }) => {
    for (const tensor of [gradNorm, ...parts.map(([, part]) => part)]) tensor.dispose();
  });
}

/** The same at one go, for a function that is being captured: how fast it learns is the optimizer's to say at each replay. */
export function stepAtOnce<B extends Batch>(options: Omit<StepOptions<B>, 'lr'>): StepTensors {
  const { batches, objective, optimizer } = options;
  const totals = countsOf(options);
  const parts = batches.flatMap((batch) => scope(() => backward(objective, batch, totals)));
  const gradNorm = clip(options);
  optimizer.step();
  optimizer.zeroGrad();
  return { gradNorm, parts };
}

/** Asks for a step's numbers. @param free called once they are read */
export function pendingStep<B extends Batch>(
  { batches, objective: { weights } }: Pick<StepOptions<B>, 'batches' | 'objective'>,
  tensors: StepTensors,
  free: (tensors: StepTensors) => void = () => {},
): PendingStep {
  const { gradNorm, parts } = tensors;
  // Asked for now, behind this step: asked for later, they would stand behind the steps that are queued meanwhile.
  const numbers = Promise.all([gradNorm, ...parts.map(([, part]) => part)].map((tensor) => tensor.item()));
  numbers.catch(() => {}); // a failure is told by read()
  return {
    tokens: batches.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
    async read() {
      const [norm = Number.NaN, ...values] = await numbers;
      free(tensors);
      const terms = addCounts(parts.map(([term], i) => ({ [term]: values[i] ?? Number.NaN })));
      return { loss: weightedLoss(weights, terms), terms, gradNorm: norm };
    },
  };
}

function countsOf<B extends Batch>({ batches, objective }: Pick<StepOptions<B>, 'batches' | 'objective'>) {
  return addCounts(batches.map((batch) => objective.counts(batch)));
}

function clip<B extends Batch>({ parameters, clip }: Pick<StepOptions<B>, 'parameters' | 'clip'>): Tensor {
  return clipGradNorm(parameters, clip > 0 ? clip : Number.POSITIVE_INFINITY);
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
