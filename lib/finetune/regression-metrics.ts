/** How well scores were predicted. */
export interface RegressionMetrics {
  /** Pearson's correlation; 0 where one side does not vary. */
  pearson: number;
  /** Spearman's: that of the ranks, equal values sharing their mean rank. */
  spearman: number;
  meanSquaredError: number;
}

/** Of scores beside those that are right, one of each an example. */
export function regressionMetrics(answers: readonly number[], predictions: readonly number[]): RegressionMetrics {
  return {
    pearson: pearson(answers, predictions),
    spearman: pearson(ranks(answers), ranks(predictions)),
    meanSquaredError: mean(answers.map((answer, i) => (answer - (predictions[i] ?? Number.NaN)) ** 2)),
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [covariance, varianceA, varianceB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const [x, y] = [value - meanA, (b[i] ?? Number.NaN) - meanB];
    covariance += x * y;
    varianceA += x * x;
    varianceB += y * y;
  }
  const spread = Math.sqrt(varianceA * varianceB);
  return spread === 0 ? 0 : covariance / spread;
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  const result = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[first] ?? 0]) end++;
    for (const i of order.slice(first, end)) result[i] = (first + end - 1) / 2;
    first = end;
  }
  return result;
}
