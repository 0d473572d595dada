import type { ProcessGroup } from '../distributed/index.js';
import { addCounts, type Objective, type PerTerm, weightedLoss } from '../objectives/index.js';
import { noGrad, scope, type Tensor } from '../tensor/index.js';
import type { Batch } from './batch.js';

/** Batches that are under way at once: the engine never waits, and its queue stays short. */
const BATCHES_AHEAD = 4;

/**
 * An objective over all the batches, in nats, without gradients. The model is expected in evaluation mode, and then
 * nothing random is drawn.
 * @param group ranks that have other batches each: the result is that of all, on all
 * @returns undefined when `signal` (of any rank) was aborted before the end; NaN when there is nothing to take a mean of.
 */
export async function evaluate<B extends Batch>(
  batches: AsyncIterable<B> | Iterable<B>,
  objective: Objective<NoInfer<B>>,
  signal?: AbortSignal,
  group?: ProcessGroup,
): Promise<number | undefined> {
  const sums: PerTerm<number>[] = [];
  const counts: PerTerm<number>[] = [];
  const pending: PerTerm<Tensor>[] = [];
  const readDownTo = async (length: number) => {
    for (const terms of pending.splice(0, pending.length - length)) sums.push(await readAll(terms));
  };
  for await (const batch of batches) {
    pending.push(scope(() => noGrad(() => objective.sums(batch))));
    counts.push(objective.counts(batch));
    batch.dispose();
    if (pending.length > BATCHES_AHEAD) await readDownTo(BATCHES_AHEAD);
    if (signal?.aborted === true) break;
  }
  await readDownTo(0);
  const own = { sum: addCounts(sums), count: addCounts(counts), aborted: Number(signal?.aborted === true) };
  const { sum, count, aborted } = group ? await addUp(group, Object.keys(objective.weights), own) : own;
  if (aborted > 0) return undefined;
  const means = Object.keys(objective.weights).map((term) => [term, (sum[term] ?? 0) / (count[term] ?? 0)]);
  return weightedLoss(objective.weights, Object.fromEntries(means));
}

interface Totals {
  sum: PerTerm<number>;
  count: PerTerm<number>;
  aborted: number;
}

async function addUp(group: ProcessGroup, terms: readonly string[], { sum, count, aborted }: Totals): Promise<Totals> {
  const own = [...terms.map((term) => sum[term] ?? 0), ...terms.map((term) => count[term] ?? 0), aborted];
  const all = await group.sum(own);
  const named = (first: number) => Object.fromEntries(terms.map((term, i) => [term, all[first + i] ?? 0]));
  return { sum: named(0), count: named(terms.length), aborted: all[2 * terms.length] ?? 0 };
}

async function readAll(terms: PerTerm<Tensor>): Promise<PerTerm<number>> {
  const read = Object.entries(terms).map(async ([term, sum]) => {
    const value = await sum.item();
    sum.dispose();
    return [term, value] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
