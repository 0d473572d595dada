/** @param {readonly number[]} values @param {number} share 0 … 1; between two values it is interpolated */
export function quantile(values, share) {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.ceil(place);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** @param {readonly number[]} values */
export function summary(values) {
  return { min: quantile(values, 0), median: quantile(values, 0.5), max: quantile(values, 1) };
}

/**
 * How many times as fast as `theirs` ours is: the ratio within each round, so that a slow spell of the machine, which
 * hits both, drops out; then the spread over rounds.
 *
 * @param {readonly number[]} theirs seconds, by round
 * @param {readonly number[]} ours seconds, by round
 */
export function pairedRatios(theirs, ours) {
  if (theirs.length !== ours.length) throw new RangeError(`${theirs.length} rounds beside ${ours.length}`);
  return summary(theirs.map((seconds, round) => seconds / ours[round]));
}
