/** The highest of any number of values; `Math.max(...values)` overflows the stack from some 120,000. None: -Infinity. */
export function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}

/** The lowest of any number of values. None: Infinity. */
export function lowest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}
