import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { writeFileAtomic } from '../io/index.js';
import { isValidation, type RunFolder, readMetrics } from '../train/index.js';
import type { TaskEvaluation } from './evaluate-task.js';
import type { FineTuneSummary } from './finetune.js';
import type { FineTuneConfig } from './finetune-config.js';
import { confusionTable, definitions, page, table } from './report-html.js';

/** A run that has come to a best epoch. */
type MeasuredFineTune = FineTuneSummary & { evaluation: TaskEvaluation };

/** Writes `report.html`: what was learned in numbers, curve, confusion matrix and settings. One file, no scripts. */
export async function writeReport(folder: RunFolder, summary: MeasuredFineTune, config: FineTuneConfig): Promise<void> {
  const metrics = await readMetrics(folder.metrics);
  const validations = metrics.filter(isValidation);
  const names = Object.keys(validations[0]?.scores ?? {});
  const epochs = table(
    ['step', 'loss', ...names],
    validations.map(({ step, valLoss, scores = {} }) => [step, valLoss, ...names.map((name) => scores[name] ?? NaN)]),
    validations.findIndex(({ step }) => step === summary.bestStep),
  );
  const title = `${summary.task.task}: ${basename(resolve(folder.path))}`;
  const sections: [heading: string, html: string][] = [
    ['Result', definitions(resultOf(summary))],
    ['Loss of the task', await readFile(folder.curve, 'utf8')],
    ['After each epoch', epochs],
  ];
  if ('confusion' in summary.evaluation) {
    const labels = summary.task.labels ?? summary.evaluation.confusion.map((_, place) => place);
    sections.push(['Confusion matrix', confusionTable(labels.map(String), summary.evaluation.confusion)]);
  }
  if (summary.languageModeling) {
    const { before, after } = summary.languageModeling;
    const rows = [
      ['before', before.loss, before.perplexity],
      ['after', after.loss, after.perplexity],
    ];
    sections.push([
      `What was kept of language modelling (${before.tokens} tokens)`,
      table(['', 'loss', 'perplexity'], rows),
    ]);
  }
  sections.push([
    'Settings',
    definitions(Object.entries(config).map(([name, value]) => [name, JSON.stringify(value)])),
  ]);
  await writeFileAtomic(folder.report, page(title, sections));
}

function resultOf({ evaluation, baseline, bestStep, examples, parameters, seconds, task }: MeasuredFineTune) {
  const isClass = 'accuracy' in evaluation;
  const scores = isClass
    ? { accuracy: evaluation.accuracy, 'macro F1': evaluation.macroF1, Matthews: evaluation.matthews }
    : { Pearson: evaluation.pearson, Spearman: evaluation.spearman, 'mean squared error': evaluation.meanSquaredError };
  return Object.entries({
    ...scores,
    [isClass ? 'accuracy of the most frequent answer' : 'squared error of the mean']: baseline,
    'best step': bestStep ?? 0,
    'examples (training, evaluation, cut)': `${examples.train}, ${examples.evaluation}, ${examples.cut}`,
    'longest sequence': `${task.maxLength} tokens`,
    parameters: parameters.toLocaleString('en-US'),
    seconds: Math.round(seconds),
  });
}
