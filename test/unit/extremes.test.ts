import { expect, test } from 'vitest';
import { highest, lowest } from '../../lib/extremes.js';

test('are those of Math, of more values than a call takes arguments', () => {
  const values = Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 300_007);
  expect(() => Math.max(...values)).toThrow(RangeError);
  expect(highest(values)).toBe(values.toSorted((a, b) => b - a)[0]);
  expect(lowest(values)).toBe(0);
  for (const few of [[], [3], [-1, -2], [1, Number.NaN, 2]]) {
    expect(highest(few)).toBe(Math.max(...few));
    expect(lowest(few)).toBe(Math.min(...few));
  }
});
