import type { Tensor } from '../tensor/index.js';

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

/** Counts of several batches together. */
export function addCounts(counts: readonly PerTerm<number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of counts) {
    for (const [term, count] of Object.entries(each)) total[term] = (total[term] ?? 0) + count;
  }
  return total;
}
