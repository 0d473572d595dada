/** Tokens a second over the rounds of a measurement. */
export interface Rate {
  median: number;
  min: number;
  max: number;
}

/** @param tokens of one round @param milliseconds of each round, at least one */
export function rateOf(tokens: number, milliseconds: readonly number[]): Rate {
  const rates = milliseconds.map((each) => (1000 * tokens) / each).sort((a, b) => a - b);
  const middle = (rates.length - 1) / 2;
  const [low = Number.NaN, high = Number.NaN] = [rates[Math.floor(middle)], rates[Math.ceil(middle)]];
  return { median: (low + high) / 2, min: rates[0] ?? Number.NaN, max: rates.at(-1) ?? Number.NaN };
}
