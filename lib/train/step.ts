import type { ProcessGroup } from '../distributed/index.js';
import { addCounts, type Objective, type PerTerm, weightedLoss } from '../objectives/index.js';
import { type AdamW, clipGradNorm, type NamedParameters } from '../optim/index.js';
import { engine, scope, type Tensor } from '../tensor/index.js';
import { inversesOverRanks, type StepSums, sumOverRanks } from './across-ranks.js';
import type { Batch } from './batch.js';

export interface StepOptions<B extends Batch> {
  /** The micro-batches of the step; of a rank's share there may be none. They are disposed of. */
  batches: readonly B[];
  objective: Objective<NoInfer<B>>;
  optimizer: AdamW;
  /** What the optimizer changes: whose gradients are clipped together. */
  parameters: NamedParameters;
  lr: number;
  /** Highest global norm of the gradient; 0: no clipping. */
  clip: number;
  /** The ranks that compute the step together, each its share of it. Default: this process alone. */
  group?: ProcessGroup | undefined;
  /** Numbers of this rank's own, added up over all ranks on the way. */
  votes?: readonly number[];
}

export interface StepNumbers {
  /** The objective before the update. */
  loss: number;
  /** Mean of each of its terms. */
  terms: Record<string, number>;
  /** Global norm of the gradient before clipping. */
  gradNorm: number;
  /** Tokens of the step. */
  tokens: number;
  votes: readonly number[];
}

/** An optimizer step that is queued: its numbers, those of all ranks together, arrive when the engine has come to it. */
export interface PendingStep {
  /** Reads once; frees the tensors. */
  read(): Promise<StepNumbers>;
}

/** What a step computes: the gradient's norm before clipping, and each micro-batch's share of each term's mean. */
export interface StepTensors {
  gradNorm: Tensor;
  parts: (readonly [term: string, part: Tensor])[];
}

/**
 * Queues forward, backward and update. Each micro-batch's sums are divided by the counts of the whole step, all ranks
 * together, so that gradients add up to those of the means over the step, however unevenly the micro-batches are filled.
 */
export async function queueStep<B extends Batch>(options: StepOptions<B>): Promise<PendingStep> {
  const { batches, objective, optimizer, parameters, lr, group } = options;
  const counts = countsOf(options);
  const shared = group && inversesOverRanks(group, Object.keys(objective.weights), counts, deviceOf(parameters));
  const parts: StepTensors['parts'] = [];
  for (const batch of batches) {
    if (parts.length > 0) await engine.drained();
    parts.push(...scope(() => backward(objective, batch, shared ?? inverses(counts))));
    batch.dispose();
  }
  for (const factor of Object.values(shared ?? {})) factor.dispose();
  group?.reduceGradients(Array.from(parameters, ([, parameter]) => parameter));
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
  const factors = inverses(countsOf(options));
  const parts = batches.flatMap((batch) => scope(() => backward(objective, batch, factors)));
  const gradNorm = clip(options);
  optimizer.step();
  optimizer.zeroGrad();
  return { gradNorm, parts };
}

/** Asks for a step's numbers. @param free called once they are read */
export function pendingStep<B extends Batch>(
  options: Omit<StepOptions<B>, 'lr' | 'optimizer' | 'clip'>,
  tensors: StepTensors,
  free: (tensors: StepTensors) => void = () => {},
): PendingStep {
  const { batches, objective, parameters, group, votes = [] } = options;
  const { gradNorm, parts } = tensors;
  const others = [batches.reduce((sum, { tokenCount }) => sum + tokenCount, 0), ...votes];
  // Asked for now, behind this step: asked for later, they would stand behind the steps that are queued meanwhile.
  const sums = group
    ? sumOverRanks(group, Object.keys(objective.weights), parts, others, deviceOf(parameters))
    : sumHere(parts, others);
  const numbers = Promise.all([gradNorm.item(), sums]);
  numbers.catch(() => {}); // a failure is told by read()
  return {
    async read() {
      const [norm, { terms, others }] = await numbers;
      free(tensors);
      const [tokens = 0, ...votes] = others;
      return { loss: weightedLoss(objective.weights, terms), terms, gradNorm: norm, tokens, votes };
    },
  };
}

async function sumHere(parts: StepTensors['parts'], others: number[]): Promise<StepSums> {
  const values = await Promise.all(parts.map(([, part]) => part.item()));
  return { terms: addCounts(parts.map(([term], i) => ({ [term]: values[i] ?? Number.NaN }))), others };
}

function countsOf<B extends Batch>({ batches, objective }: Pick<StepOptions<B>, 'batches' | 'objective'>) {
  return addCounts(batches.map((batch) => objective.counts(batch)));
}

/** 1 / count of each term that has units. */
function inverses(counts: PerTerm<number>): PerTerm<number> {
  const counted = Object.entries(counts).filter(([, count]) => count !== 0);
  return Object.fromEntries(counted.map(([term, count]) => [term, 1 / count]));
}

function deviceOf(parameters: NamedParameters): string {
  return [...parameters][0]?.[1].device ?? 'cpu';
}

function clip<B extends Batch>({ parameters, clip }: Pick<StepOptions<B>, 'parameters' | 'clip'>): Tensor {
  return clipGradNorm(parameters, clip > 0 ? clip : Number.POSITIVE_INFINITY);
}

/** Adds a micro-batch's gradients. @returns its share of each term's mean */
function backward<B>(
  objective: Objective<B>,
  batch: B,
  factors: PerTerm<number | Tensor>,
): [term: string, part: Tensor][] {
  const parts = Object.entries(objective.sums(batch)).flatMap(([term, sum]): [string, Tensor][] => {
    const factor = factors[term];
    return factor === undefined ? [] : [[term, sum.mul(factor)]];
  });
  const weighted = parts.map(([term, part]) => {
    const weight = objective.weights[term] ?? 0;
    return weight === 1 ? part : part.mul(weight);
  });
  if (weighted.length > 0) weighted.reduce((sum, part) => sum.add(part)).backward();
  return parts;
}
