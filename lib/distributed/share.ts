/** Which of the ranks this one is; a `ProcessGroup` is one. */
export interface Share {
  readonly rank: number;
  readonly size: number;
}

/**
 * This rank's part of a list: neighbours stay together, parts differ by one at most, and together they are the list. Without
 * a share all of it.
 */
export function partOf<T>(items: readonly T[], share: Share | undefined): T[] {
  const [begin, end] = rangeOf(items.length, share);
  return items.slice(begin, end);
}

/** The same as places: from `begin` to before `end`. */
export function rangeOf(length: number, share: Share | undefined): [begin: number, end: number] {
  const { rank, size } = share ?? { rank: 0, size: 1 };
  return [Math.floor((length * rank) / size), Math.floor((length * (rank + 1)) / size)];
}

/** Every `size`-th item from the rank-th on: for what is too long to be counted first. */
export function* inTurn<T>(items: Iterable<T>, share: Share | undefined): Generator<T, void, undefined> {
  let index = 0;
  for (const item of items) {
    if (share === undefined || index % share.size === share.rank) yield item;
    index += 1;
  }
}

/**
 * Where a rank's random numbers begin: other dropout masks on each rank, and the same ones whenever it is the same rank of
 * the same run. Rank 0 has the run's own seed.
 */
export function seedOfRank(seed: number, rank: number): number {
  // A large odd step: neighbouring seeds with a few thousand ranks each do not meet.
  return (seed + rank * 2_654_435_761) % Number.MAX_SAFE_INTEGER;
}
