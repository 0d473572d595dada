import { autocast } from '../tensor/index.js';
import type { Objective } from './objective.js';

/** The same objective, computed with mixed precision; `float32` is the objective itself. */
export function inPrecision<B>(objective: Objective<B>, dtype: 'float32' | 'bfloat16'): Objective<B> {
  if (dtype === 'float32') return objective;
  return {
    weights: objective.weights,
    counts: (batch) => objective.counts(batch),
    sums: (batch) => autocast(dtype, () => objective.sums(batch)),
  };
}
