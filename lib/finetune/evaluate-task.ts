import type { EncodedExample } from '../data/index.js';
import { type ProcessGroup, partOf } from '../distributed/index.js';
import { ArgumentError } from '../errors.js';
import { highest } from '../extremes.js';
import { answerKind, computeLogits, type LogitsOptions, type TaskModel } from '../heads/index.js';
import { crossEntropyOf, predictionOf } from './answer.js';
import { type ClassificationMetrics, classificationMetrics, majorityAccuracy } from './classification-metrics.js';
import type { PreparedTask } from './prepare.js';
import { mean, type RegressionMetrics, regressionMetrics } from './regression-metrics.js';

/** Loss and quality of a task model on examples with answers. */
export type TaskEvaluation = { loss: number; examples: number } & (ClassificationMetrics | RegressionMetrics);

/** How a task model is measured. */
export interface TaskEvaluationOptions extends LogitsOptions {
  /** Ranks that share the examples among them; each gets the whole result. Default: this process by itself. */
  group?: ProcessGroup | undefined;
}

/**
 * L_FT and the metrics of the task, without dropout.
 * @throws ArgumentError where there is no example, or one has no answer
 */
export async function evaluateTask(
  model: TaskModel,
  examples: readonly EncodedExample[],
  { group, ...options }: TaskEvaluationOptions = {},
): Promise<TaskEvaluation> {
  const answers = examples.map(({ answer }) => answer);
  if (answers.length === 0) throw new ArgumentError('evaluateTask: no examples');
  const without = answers.findIndex(Number.isNaN);
  if (without >= 0) throw new ArgumentError(`evaluateTask: example ${without} has no answer`);
  const own = await computeLogits(model, partOf(examples, group), options);
  const logits = group ? await gatherRows(group, own) : own;
  if (answerKind(model.config) === 'score') {
    const metrics = regressionMetrics(answers, logits.map(([score = Number.NaN]) => score)); // biome-ignore format: short
    return { loss: metrics.meanSquaredError, examples: examples.length, ...metrics };
  }
  const classes = highest(logits.map((row) => row.length));
  const loss = mean(logits.map((row, i) => crossEntropyOf(row, answers[i] ?? -1)));
  return { loss, examples: examples.length, ...classificationMetrics(answers, logits.map(predictionOf), classes) };
}

/** The rows of all ranks, in the order of the ranks; their lengths may differ. */
async function gatherRows(group: ProcessGroup, rows: readonly number[][]): Promise<number[][]> {
  const lengths = await group.gather(rows.map(({ length }) => length));
  const values = await group.gather(rows.flat());
  return lengths.flatMap((counts, rank) => {
    let end = 0;
    return counts.map((count) => {
      end += count;
      return values[rank]?.slice(end - count, end) ?? [];
    });
  });
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
