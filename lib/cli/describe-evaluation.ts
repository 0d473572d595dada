import type { Label } from '../data/index.js';
import type { TaskEvaluation } from '../finetune/index.js';
import type { TextPerplexity } from '../train/index.js';

/** A task's measures in lines for people: scores, and the confusion matrix of up to `MOST_CLASSES` classes. */
export function describeEvaluation(
  evaluation: TaskEvaluation,
  labels: readonly Label[] | undefined,
  baseline?: number,
): string {
  const { loss, examples } = evaluation;
  if ('pearson' in evaluation) {
    const { pearson, spearman, meanSquaredError } = evaluation;
    const compared = baseline === undefined ? '' : ` (of always the mean: ${baseline.toFixed(4)})`;
    const error = `squared error ${meanSquaredError.toFixed(4)}${compared}`;
    return `${examples} examples: Pearson ${pearson.toFixed(4)}, Spearman ${spearman.toFixed(4)}, ${error}`;
  }
  const { accuracy, macroF1, matthews, confusion } = evaluation;
  const compared = baseline === undefined ? '' : ` (of always the most frequent: ${baseline.toFixed(4)})`;
  const scores = `accuracy ${accuracy.toFixed(4)}${compared}, macro F1 ${macroF1.toFixed(4)}, Matthews ${matthews.toFixed(4)}`;
  const names = labels?.map(String) ?? confusion.map((_, place) => String(place));
  return `${examples} examples: loss ${loss.toFixed(4)}, ${scores}\n${confusionText(names, confusion)}`;
}

/** A line where examples were too long. */
export function describeCut(cut: number, { maxLength }: { maxLength: number }): string[] {
  return cut === 0 ? [] : [`${cut} of them cut to ${maxLength} tokens`];
}

export function describePerplexity(when: string, { perplexity, loss, tokens }: TextPerplexity): string {
  return `perplexity ${when}: ${perplexity.toFixed(3)} (loss ${loss.toFixed(4)}, ${tokens} tokens)`;
}

/** A model beside what counting gives, a line each: names and perplexities. */
export function perplexityTable(rows: Readonly<Record<string, number>>): string {
  const row = ([name, perplexity]: [string, number]) => `  ${name.padEnd(10)}${perplexity.toFixed(1).padStart(8)}\n`;
  return Object.entries(rows).map(row).join('');
}

const MOST_CLASSES = 12;

function confusionText(names: readonly string[], confusion: readonly (readonly number[])[]): string {
  if (names.length > MOST_CLASSES) return `confusion matrix: ${names.length} classes, see the report`;
  const rows = confusion.map((row, i) => [names[i] ?? '', ...row.map(String)]);
  const all = [['true \\ predicted', ...names], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
  return all.map((row) => `  ${line(row).join('  ')}`).join('\n');
}
