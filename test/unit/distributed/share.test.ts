import { describe, expect, it } from 'vitest';
import { inTurn, partOf, seedOfRank } from '../../../lib/distributed/index.js';

const SIZES = [1, 2, 3, 5, 8];
const items = (length: number) => Array.from({ length }, (_, i) => i);
const ranks = (size: number) => items(size).map((rank) => ({ rank, size }));

describe('shares of a list', () => {
  it.each(SIZES)('are together the list, in its order, and differ by one at most: %i ranks', (size) => {
    for (const length of [0, 1, 4, 7, 32]) {
      const parts = ranks(size).map((share) => partOf(items(length), share));
      expect(parts.flat()).toEqual(items(length));
      const lengths = parts.map((part) => part.length);
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    }
  });

  it.each(SIZES)('in turn are together the list: %i ranks', (size) => {
    const parts = ranks(size).map((share) => [...inTurn(items(7), share)]);
    expect(parts.flat().sort()).toEqual(items(7));
  });

  it('are all of it without a share', () => {
    expect(partOf(items(3), undefined)).toEqual([0, 1, 2]);
    expect([...inTurn(items(3), undefined)]).toEqual([0, 1, 2]);
  });
});

describe('seedOfRank', () => {
  it("is the run's own for rank 0, and another for each rank of neighbouring seeds", () => {
    for (const seed of [1337, 2 ** 40 + 1]) expect(seedOfRank(seed, 0)).toBe(seed);
    const seeds = items(50).flatMap((seed) => items(64).map((rank) => seedOfRank(seed, rank)));
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
    expect(Number.isSafeInteger(seedOfRank(Number.MAX_SAFE_INTEGER, 65_535))).toBe(true);
  });
});
