import { ArgumentError } from '../errors.js';
import { scope, type Tensor } from '../tensor/index.js';

/** A value for each term of an objective, by the term's name. */
export type PerTerm<T> = Readonly<Record<string, T>>;

/**
 * What training minimises: Σ over terms of weight · sum / count. A class of your own works as it is.
 *
 * Each term is a mean over units of its own (targets, sequences, examples). The sums and counts of a step are added up
 * over all its micro-batches before they are divided: never a mean of means, however unevenly the parts are filled.
 */
export interface Objective<B> {
  /** The terms, and what each counts in the loss. */
  readonly weights: PerTerm<number>;
  /** Units of each term in a batch, known before anything is computed. */
  counts(batch: B): PerTerm<number>;
  /** The sum of each term over its units: scalars with a gradient. */
  sums(batch: B): PerTerm<Tensor>;
}

/** Σ weight · sum / count over an objective's terms; a term without a unit counts 0. */
export function weightedLoss(weights: PerTerm<number>, means: PerTerm<number>): number {
  return Object.entries(weights).reduce((loss, [term, weight]) => loss + weight * (means[term] ?? 0), 0);
}

/**
 * The loss of one batch, for a loop of one's own: `objectiveLoss(new CombinedObjective(model), batch).backward()`.
 *
 * Over several micro-batches the mean of their losses is that of all only where each has as many units; `Trainer` does it right
 * for any.
 * @returns a scalar with a gradient: Σ over terms of weight · sum / count
 * @throws ArgumentError when the batch has a unit of no term
 */
export function objectiveLoss<B>(objective: Objective<B>, batch: B): Tensor {
  return scope(() => {
    const counts = objective.counts(batch);
    const terms = Object.entries(objective.sums(batch)).flatMap(([term, sum]) => {
      const count = counts[term] ?? 0;
      return count === 0 ? [] : [sum.mul((objective.weights[term] ?? 0) / count)];
    });
    if (terms.length === 0) throw new ArgumentError('objectiveLoss: the batch has nothing that counts');
    return terms.reduce((sum, term) => sum.add(term));
  });
}

/** Counts of several batches together. */
export function addCounts(counts: readonly PerTerm<number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of counts) {
    for (const [term, count] of Object.entries(each)) total[term] = (total[term] ?? 0) + count;
  }
  return total;
}
