import { z } from 'zod';
import { type AnswerKind, type Label, TASKS, type Task } from '../data/index.js';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';

const label = z.union([z.string(), z.number()]);

/** What a head answers, as users write it. */
export interface TaskConfigInput {
  /** One of `TASKS`. */
  task: Task;
  /**
   * The classes, in the order of the head's outputs: at least two for classification and entailment. None where the answer is
   * a score (similarity) or one of an example's choices.
   */
  labels?: readonly Label[] | undefined;
  /** Tokens of the longest sequence, special tokens included: from 5 to the model's context length. */
  maxLength: number;
  /** Probability of dropout on the hidden state that the head reads. From 0 to below 1. Default 0.1. */
  dropout?: number | undefined;
}

/** The same with every default filled in: `config.json` holds it as `task`, beside the language model's fields. */
export type TaskConfig = Required<Omit<TaskConfigInput, 'labels'>> & Pick<TaskConfigInput, 'labels'>;

const taskConfigSchema = z
  .object({
    task: z.enum(TASKS),
    labels: z.array(label).min(2).optional(),
    maxLength: z.int().min(5),
    dropout: z.number().min(0).lt(1).default(0.1),
  })
  .superRefine(({ task, labels }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['labels'], message });
    if (labels === undefined && (task === 'classification' || task === 'entailment')) refuse('at least 2 labels');
    if (labels !== undefined && task === 'multiple-choice') refuse('nothing: each example has choices of its own');
    if (labels !== undefined && new Set(labels).size !== labels.length) refuse('each label once');
  }) satisfies z.ZodType<TaskConfig, TaskConfigInput>;

/** @throws InputError naming the field */
export function parseTaskConfig(value: unknown, where = 'task'): TaskConfig {
  return parseOrThrow(taskConfigSchema, value, where);
}

/** Whether a `config.json` is that of a model with a task's head. */
export function hasTask(json: unknown): json is { task: unknown } {
  return typeof json === 'object' && json !== null && 'task' in json;
}

/** The task of a model directory's `config.json`. @throws InputError when it is a bare language model's */
export function taskOf(json: unknown, where: string): TaskConfig {
  if (hasTask(json)) return parseTaskConfig(json.task, `${where}: task`);
  throw new InputError(`${where}: has no task: a language model without a head; gptorch finetune makes one`);
}

/** How a task's head answers: a choice for multiple choice, a score where there are no labels, else a class. */
export function answerKind({ task, labels }: TaskConfig): AnswerKind {
  if (task === 'multiple-choice') return 'choice';
  return labels === undefined ? 'score' : 'class';
}

/** Outputs of the head for one hidden state: a score, or one for each class. */
export function outputsOf(config: TaskConfig): number {
  return config.labels?.length ?? 1;
}
