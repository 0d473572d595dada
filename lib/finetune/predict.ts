import type { EncodedExample, Label } from '../data/index.js';
import { computeLogits, type LogitsOptions, type TaskModel } from '../heads/index.js';
import { predictionOf, probabilitiesOf } from './answer.js';

/** What a task model answers: a score, or a label (the place of a choice) with the probability of each. */
export type Prediction = { score: number } | { label: Label; probabilities: Record<string, number> };

/** Answers examples in the order given. */
export async function predict(
  model: TaskModel,
  examples: readonly EncodedExample[],
  options?: LogitsOptions,
): Promise<Prediction[]> {
  const { task, labels } = model.config;
  const logits = await computeLogits(model, examples, options);
  return logits.map((row): Prediction => {
    if (labels === undefined && task === 'similarity') return { score: row[0] ?? Number.NaN };
    const names = labels ?? row.map((_, choice) => choice);
    const probabilities = probabilitiesOf(row).map((p, i) => [String(names[i]), p] as const);
    return { label: names[predictionOf(row)] ?? '', probabilities: Object.fromEntries(probabilities) };
  });
}
