import type { ProcessGroup } from '../distributed/index.js';
import { addCounts, type PerTerm } from '../objectives/index.js';
import { cat, scope, type Tensor, tensor, where, zeros } from '../tensor/index.js';

/**
 * 1 / count of each term over the step, all ranks together, as scalars: nobody waits for the numbers. 0 where a term has no
 * unit at all.
 * @param counts this rank's own
 */
export function inversesOverRanks(
  group: ProcessGroup,
  terms: readonly string[],
  counts: PerTerm<number>,
  device: string,
): PerTerm<Tensor> {
  const inverses = scope(() => {
    const own = terms.map((term) => counts[term] ?? 0);
    const totals = group.allReduce(tensor(Float64Array.from(own), { device })); // (terms)
    const none = zeros([terms.length], { dtype: 'float64', device });
    const scale = where(totals.gt(0), totals.pow(-1), none).to({ dtype: 'float32' });
    return terms.map((_, i) => scale.narrow(0, i, 1).reshape());
  });
  return Object.fromEntries(terms.map((term, i) => [term, inverses[i] as Tensor]));
}

/** What the ranks' shares of a step come to. */
export interface StepSums {
  /** Mean of each term over the step. */
  terms: Record<string, number>;
  others: number[];
}

/** Adds up the terms' parts of all micro-batches and ranks, and other numbers with them. Queued at once, read later. */
export async function sumOverRanks(
  group: ProcessGroup,
  terms: readonly string[],
  parts: readonly (readonly [term: string, part: Tensor])[],
  others: readonly number[],
  device: string,
): Promise<StepSums> {
  const sums = scope(() => {
    const own = terms.map((term) => {
      const shares = parts.filter(([name]) => name === term).map(([, part]) => part);
      const [first = zeros([], { device }), ...rest] = shares;
      const sum = rest.reduce((total, part) => total.add(part), first);
      return sum.to({ dtype: 'float64' }).reshape(1);
    });
    return group.allReduce(cat([...own, tensor(Float64Array.from(others), { device })]));
  });
  const values = Array.from(await sums.toArray(), Number);
  sums.dispose();
  return {
    terms: addCounts(terms.map((term, i) => ({ [term]: values[i] ?? Number.NaN }))),
    others: values.slice(terms.length),
  };
}
