/** How well classes (or places of choices) were predicted. */
export interface ClassificationMetrics {
  accuracy: number;
  /** Mean over the classes of F1 = 2 · precision · recall / (precision + recall); 0 for a class that is never right. */
  macroF1: number;
  /** Matthews' correlation, for several classes as Gorodkin's R_K (2004); 0 where one side has only one class. */
  matthews: number;
  /** [true class][predicted class] */
  confusion: number[][];
}

/** @param answers and predictions are places of classes, 0 to `classes` - 1, one of each an example. */
export function classificationMetrics(
  answers: readonly number[],
  predictions: readonly number[],
  classes: number,
): ClassificationMetrics {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [i, answer] of answers.entries()) {
    const row = confusion[answer];
    const predicted = predictions[i] ?? -1;
    if (row) row[predicted] = (row[predicted] ?? 0) + 1;
  }
  const total = answers.length;
  const right = confusion.map((row, i) => row[i] ?? 0);
  const actual = confusion.map((row) => sum(row));
  const predicted = confusion.map((_, j) => sum(confusion.map((row) => row[j] ?? 0)));
  const f1 = right.map((count, i) => ratio(2 * count, (actual[i] ?? 0) + (predicted[i] ?? 0)));
  return {
    accuracy: sum(right) / total,
    macroF1: sum(f1) / classes,
    matthews: matthews(sum(right), total, actual, predicted),
    confusion,
  };
}

/** Always the answer that the training data has most often: what a model has to beat. */
export function majorityAccuracy(trainingAnswers: readonly number[], answers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const answer of trainingAnswers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const [majority] = [...counts].sort(([a, x], [b, y]) => y - x || a - b)[0] ?? [];
  return answers.filter((answer) => answer === majority).length / answers.length;
}

function matthews(right: number, total: number, actual: readonly number[], predicted: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]) => sum(a.map((value, i) => value * (b[i] ?? 0)));
  const covariance = right * total - dot(actual, predicted);
  const spread = (total ** 2 - dot(predicted, predicted)) * (total ** 2 - dot(actual, actual));
  return ratio(covariance, Math.sqrt(spread));
}

function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
