import { z } from 'zod';

/** The paper's ways to ask a language model something (Radford et al. 2018, section 3.3). */
export const TASKS = ['classification', 'entailment', 'similarity', 'multiple-choice'] as const;
/** The paper's four kinds of task (Radford et al. 2018, figure 1). */
export type Task = (typeof TASKS)[number];

/** How a head answers: one of several classes, a number, or one of the choices of each example. */
export type AnswerKind = 'class' | 'score' | 'choice';

/** A class as the data writes it. */
export type Label = string | number;

/** What an example asks, as sequences of texts: `start text delim text … extract` each. */
export interface Question {
  /** One, or one for each choice; its texts: one, or two. */
  sequences: string[][];
  /** Each sequence is read a second time with its parts the other way round: neither text comes first by nature. */
  bothOrders: boolean;
  /** How the first text of each sequence ends that stays whole where the text is too long: what is asked about the rest. */
  keptEnd?: string | undefined;
}

/** A line of a task file. */
export interface TaskLine extends Question {
  /** The class, or the index of the right choice; undefined where there is a score, or no answer. */
  label: Label | undefined;
  /** Of similarity without classes. */
  score: number | undefined;
}

const text = z.string().min(1, 'a text that is not empty');
const label = z.union([z.string().min(1, 'a text that is not empty'), z.number()]);
const noLabels = { label: label.optional() };
const noAnswer = { label: undefined, score: undefined };
const oneOrder = { ...noAnswer, bothOrders: false };

const classification = z
  .object({ text, ...noLabels })
  .transform(({ text, label }): TaskLine => ({ ...oneOrder, sequences: [[text]], label }));

const entailment = z
  .object({ premise: text, hypothesis: text, ...noLabels })
  .transform(
    ({ premise, hypothesis, label }): TaskLine => ({ ...oneOrder, sequences: [[premise, hypothesis]], label }),
  );

const similarity = z
  .object({ a: text, b: text, ...noLabels, score: z.number().optional() })
  .superRefine(({ label, score }, context) => {
    if (label === undefined || score === undefined) return;
    context.addIssue({ code: 'custom', path: ['score'], message: 'nothing beside a label' });
  })
  .transform(({ a, b, ...answer }): TaskLine => ({ ...noAnswer, ...answer, sequences: [[a, b]], bothOrders: true }));

// Context and question stand together before the delimiter, as in the paper's form of RACE: [z; q; $; a_k].
const multipleChoice = z
  .object({
    context: text.optional(),
    question: text.optional(),
    choices: z.array(text).min(2),
    label: z.int().min(0).optional(),
  })
  .superRefine(({ context, question, choices, label }, refinement) => {
    const refuse = (field: string, message: string) => refinement.addIssue({ code: 'custom', path: [field], message });
    if (context === undefined && question === undefined) refuse('context', 'a text (or "question")');
    if (label !== undefined && label >= choices.length) refuse('label', `0 to ${choices.length - 1}, a choice's place`);
  })
  .transform(({ context, question, choices, label }): TaskLine => {
    const before = [context, question].filter((part) => part !== undefined).join(' ');
    const keptEnd = context === undefined || question === undefined ? undefined : ` ${question}`;
    return { ...oneOrder, sequences: choices.map((choice) => [before, choice]), keptEnd, label };
  });

/** What a line of each task's files may be. Other fields are passed over. */
export const taskLineSchemas: Readonly<Record<Task, z.ZodType<TaskLine>>> = {
  classification,
  entailment,
  similarity,
  'multiple-choice': multipleChoice,
};
