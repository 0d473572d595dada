import type { EncodedExample } from '../data/index.js';
import { answerKind, computeLogits, type LogitsOptions, type TaskModel } from '../heads/index.js';
import { crossEntropyOf, predictionOf } from './answer.js';
import { type ClassificationMetrics, classificationMetrics, majorityAccuracy } from './classification-metrics.js';
import type { PreparedTask } from './prepare.js';
import { mean, type RegressionMetrics, regressionMetrics } from './regression-metrics.js';

/** Loss and quality of a task model on examples with answers. */
export type TaskEvaluation = { loss: number; examples: number } & (ClassificationMetrics | RegressionMetrics);

/** L_FT and the metrics of the task, without dropout. */
export async function evaluateTask(
  model: TaskModel,
  examples: readonly EncodedExample[],
  options?: LogitsOptions,
): Promise<TaskEvaluation> {
  const logits = await computeLogits(model, examples, options);
  const answers = examples.map(({ answer }) => answer);
  if (answerKind(model.config) === 'score') {
    const metrics = regressionMetrics(answers, logits.map(([score = Number.NaN]) => score)); // biome-ignore format: short
    return { loss: metrics.meanSquaredError, examples: examples.length, ...metrics };
  }
  const classes = Math.max(...logits.map((row) => row.length));
  const loss = mean(logits.map((row, i) => crossEntropyOf(row, answers[i] ?? -1)));
  return { loss, examples: examples.length, ...classificationMetrics(answers, logits.map(predictionOf), classes) };
}

/** The numbers alone, without the confusion matrix. */
export function scoresOf(evaluation: TaskEvaluation): Record<string, number> {
  if ('accuracy' in evaluation) {
    const { accuracy, macroF1, matthews } = evaluation;
    return { accuracy, macroF1, matthews };
  }
  const { pearson, spearman } = evaluation;
  return { pearson, spearman };
}

/** The one number by which models of a task are compared: accuracy, for scores Pearson's correlation. */
export function mainScore(scores: Readonly<Record<string, number>>): number {
  return scores.accuracy ?? scores.pearson ?? Number.NEGATIVE_INFINITY;
}

/** Accuracy of always the most frequent answer; for scores the squared error of always the mean. */
export function baselineOf({ task, train, evaluation }: PreparedTask): number {
  const [known, asked] = [train, evaluation].map((examples) => examples.map(({ answer }) => answer));
  if (answerKind(task) !== 'score') return majorityAccuracy(known ?? [], asked ?? []);
  const guess = mean(known ?? []);
  return mean((asked ?? []).map((answer) => (answer - guess) ** 2));
}
