import { ArgumentError } from '../errors.js';

/** `most` of the numbers 0 to `count` - 1, evenly spread and in order; all of them when `most` is 0 or `count` or more. */
export function spreadEvenly(count: number, most: number): number[] {
  if (!Number.isInteger(most) || most < 0)
    throw new ArgumentError(`maxBatches is ${most}; allowed: whole numbers from 0`);
  const kept = most === 0 ? count : Math.min(most, count);
  return Array.from({ length: kept }, (_, i) => Math.floor(((i + 0.5) * count) / kept));
}
