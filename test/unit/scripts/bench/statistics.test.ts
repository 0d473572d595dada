import { expect, test } from 'vitest';
import { pairedRatios, quantile, summary } from '../../../../scripts/bench/statistics.mjs';

test('quantiles are interpolated, whatever the order', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([30, 10, 20], 0.5)).toBe(20);
  expect(quantile([0, 100], 0.99)).toBeCloseTo(99);
  expect(quantile([7], 0.99)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow('no values');
});

test('a summary does not change what it is given', () => {
  const values = [10, 9, 100];
  expect(summary(values)).toEqual({ min: 9, median: 10, max: 100 });
  expect(values).toEqual([10, 9, 100]);
});

test('ratios are taken within a round: a slow spell that hits both drops out', () => {
  const ours = [1, 10, 2];
  const theirs = [2, 20, 4];
  expect(pairedRatios(theirs, ours)).toEqual({ min: 2, median: 2, max: 2 });
  // The ratio of the medians would be the same 2 here, but not where the rounds differ.
  expect(pairedRatios([1, 30, 2], ours)).toEqual({ min: 1, median: 1, max: 3 });
  expect(() => pairedRatios([1], [1, 2])).toThrow('1 rounds beside 2');
});
