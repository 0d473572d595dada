/** Task data: files of examples, and their way to token ids (Radford et al. 2018, section 3.3). */

export { type AssembleOptions, Assembler, assemble, type EncodedExample, shares } from './assemble.js';
export { findLabels, type LabelAt, labelIndex } from './labels.js';
export { readTaskFile, readTaskLines, type TaskLineAt } from './read-task-file.js';
export { type AnswerKind, type Label, type Question, TASKS, type Task, type TaskLine } from './task.js';
export { longest, TaskBatches, type TaskBatchOptions } from './task-batches.js';
