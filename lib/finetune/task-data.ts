import {
  Assembler,
  type EncodedExample,
  findLabels,
  type Label,
  labelIndex,
  readTaskFile,
  type Task,
  type TaskLineAt,
  type TaskTokens,
} from '../data/index.js';
import { InputError } from '../errors.js';
import { digestOfJson } from '../io/index.js';

/** A task's files, read and checked. */
export interface TaskFiles {
  train: TaskLineAt[];
  evaluation: TaskLineAt[];
  /** The classes; undefined where the answer is a score, or a choice. */
  labels: Label[] | undefined;
}

/**
 * Reads what a task is learned from and measured on.
 * @param labels the classes and their order. Default: those of the training file.
 * @throws InputError naming file, line and field
 */
export async function readTaskFiles(
  task: Task,
  files: { train: string; evaluation: string },
  labels?: readonly Label[],
): Promise<TaskFiles> {
  const train = await readTaskFile(task, files.train);
  const evaluation = await readTaskFile(task, files.evaluation);
  const isScored = train[0]?.score !== undefined;
  const [first] = evaluation;
  if (first !== undefined && (first.score !== undefined) !== isScored) {
    throw new InputError(`${first.where}: field "${isScored ? 'score' : 'label'}" is missing; ${files.train} has it`);
  }
  if (isScored && labels) throw new InputError(`${files.train}: has scores; labels are for classes`);
  if (isScored || task === 'multiple-choice') return { train, evaluation, labels: undefined };
  const found = train.flatMap(({ where, label }) => (label === undefined ? [] : [{ where, label }]));
  return { train, evaluation, labels: [...(labels ?? findLabels(task, found))] };
}

/**
 * Lines as token ids with their answers; a line without one has NaN.
 * @throws InputError when a label is none of `labels`, or a text cannot be encoded
 */
export function encodeTaskLines(
  lines: readonly TaskLineAt[],
  tokens: TaskTokens,
  { labels, maxLength }: { labels?: readonly Label[] | undefined; maxLength: number },
): EncodedExample[] {
  const assembler = new Assembler(tokens, maxLength);
  return lines.map((line) => ({ ...assembler.encode(line, line.where), answer: answerOf(line, labels) }));
}

function answerOf({ where, label, score }: TaskLineAt, labels: readonly Label[] | undefined): number {
  if (score !== undefined) return score;
  if (label === undefined) return Number.NaN;
  return labels ? labelIndex(labels, { where, label }) : Number(label);
}

/** A hash of what a run learns from: a resumed run must have the same. */
export function taskDigest(examples: readonly (readonly EncodedExample[])[]): string {
  return digestOfJson(examples);
}
