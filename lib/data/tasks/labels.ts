import { InputError } from '../../errors.js';
import type { Label, Task } from './task.js';

/** The paper's order; any other set of labels is sorted. */
const ENTAILMENT_LABELS: readonly Label[] = ['entailment', 'neutral', 'contradiction'];

/** A label and where it stands, for messages. */
export interface LabelAt {
  where: string;
  label: Label;
}

/**
 * The labels that a data set has, in an order that does not depend on that of its lines.
 * @throws InputError when there are less than two, or both texts and numbers
 */
export function findLabels(task: Task, found: readonly LabelAt[]): Label[] {
  const [first] = found;
  for (const { where, label } of found) {
    if (first === undefined || typeof label === typeof first.label) continue;
    const shown = JSON.stringify(label);
    throw new InputError(`${where}: field "label" is ${shown}; allowed: a ${typeof first.label}, as in ${first.where}`);
  }
  const labels = [...new Set(found.map(({ label }) => label))];
  if (labels.length < 2) {
    const where = first === undefined ? 'the training data' : first.where.replace(/:\d+$/, '');
    throw new InputError(`${where}: field "label" has ${labels.length} values; at least 2 are needed`);
  }
  if (task === 'entailment' && labels.every((label) => ENTAILMENT_LABELS.includes(label))) {
    return ENTAILMENT_LABELS.filter((label) => labels.includes(label));
  }
  return labels.sort(compare);
}

/** @throws InputError when `label` is none of `labels` */
export function labelIndex(labels: readonly Label[], { where, label }: LabelAt): number {
  const index = labels.indexOf(label);
  if (index >= 0) return index;
  const allowed = labels.map((each) => JSON.stringify(each)).join(', ');
  throw new InputError(`${where}: field "label" is ${JSON.stringify(label)}; allowed: ${allowed}`);
}

/** Numbers by size, texts by code units: the same order everywhere. */
function compare(a: Label, b: Label): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return a < b ? -1 : Number(a > b);
}
