import type { Random } from './random.js';

/** Batches whose items are drawn from a pool of so many batches: length is alike in a batch, chance rules between. */
const POOL_BATCHES = 16;

/** Each item once, in batches of items that are alike in length; the order follows from `random` alone. */
export function shuffledBatches<T>(
  items: readonly T[],
  batchSize: number,
  random: Random,
  lengthOf: (item: T) => number,
): T[][] {
  const shuffled = random.shuffle([...items]);
  const pools = chunk(shuffled, batchSize * POOL_BATCHES);
  const byLength = (a: T, b: T) => lengthOf(a) - lengthOf(b);
  return random.shuffle(pools.flatMap((pool) => chunk(pool.sort(byLength), batchSize)));
}

/** Items in groups of `size`, the last one as large as what is left. */
export function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
