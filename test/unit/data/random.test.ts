import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/data/index.js';
import { messageOf } from './temporary-folder.js';

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.nextUint32());

describe('Random', () => {
  it('is xoshiro128**: values and states of the C reference program', () => {
    const random = Random.fromState([0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0]);
    expect(random.nextUint32()).toBe(0xf1391922);
    expect(random.state()).toEqual([0x72410269, 0xef382c52, 0x2e43bec7, 0x62432f20]);
    expect(draws(random, 3)).toEqual([0x6fe53806, 0xa5be2840, 0xf510ee70]);
  });

  it('has another sequence for each key, and the same for the same key', () => {
    const keys = [[], [0], [1], [0, 0], [0, 1], [1, 0], [2 ** 32], [2 ** 32 + 1], [2 ** 52]];
    const sequences = keys.map((key) => draws(new Random(...key), 4).join());
    expect(new Set(sequences).size).toBe(keys.length);
    expect(keys.map((key) => draws(new Random(...key), 4).join())).toEqual(sequences);
  });

  it('goes on from a stored state', () => {
    const random = new Random(5);
    draws(random, 7);
    const state = JSON.parse(JSON.stringify(random.state()));
    expect(draws(Random.fromState(state), 20)).toEqual(draws(random, 20));
  });

  it.each([1, 2, 3, 7, 10, 2 ** 31 + 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1])('draws below %d', (bound) => {
    const random = new Random(3);
    const values = Array.from({ length: 2000 }, () => random.nextInt(bound));
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < bound)).toBe(true);
    // The mean of a uniform variable; 5 standard deviations.
    const mean = values.reduce((sum, value) => sum + value / 2000, 0);
    expect(Math.abs(mean - (bound - 1) / 2)).toBeLessThanOrEqual((5 * bound) / Math.sqrt(12 * 2000));
  });

  it('draws each of a few numbers as often as the others', () => {
    const random = new Random(9);
    const counted = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 60_000; i++) {
      const value = random.nextInt(6);
      counted[value] = (counted[value] ?? 0) + 1;
    }
    const chiSquare = counted.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(20.5); // 0.1 % of fair sequences, 5 degrees of freedom
  });

  it('does not favour small numbers where the bound does not divide what is drawn from', () => {
    const random = new Random(2);
    for (const bound of [3 * 2 ** 30, 3 * 2 ** 51]) {
      const small = Array.from({ length: 9000 }, () => random.nextInt(bound)).filter((value) => value < bound / 3);
      // 3,000 are expected, 4,500 without drawing again; 5 standard deviations.
      expect(Math.abs(small.length - 3000)).toBeLessThan(5 * Math.sqrt(2000));
    }
  });

  it('gives every order of three items equally often', () => {
    const orders = new Map<string, number>();
    for (let seed = 0; seed < 6000; seed++) {
      const order = new Random(seed).permutation(3).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect([...orders.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
    const chiSquare = [...orders.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(20.5);
  });

  it('shuffles in place and keeps every item', () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const shuffled = new Random(1).shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.sort((a, b) => a - b)).toEqual(items);
  });

  it('refuses bounds and keys that are no whole numbers', async () => {
    const random = new Random(0);
    expect(await messageOf(() => random.nextInt(0))).toBe(
      'ArgumentError: nextInt: bound is 0; allowed: whole numbers from 1',
    );
    expect(await messageOf(() => random.nextInt(1.5))).toMatch(/bound is 1.5/);
    expect(await messageOf(() => new Random(-1))).toBe(
      'ArgumentError: Random: a key has -1; allowed: whole numbers from 0',
    );
  });
});
