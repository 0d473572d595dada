/** A language model with the head of a task. */

export { computeLogits, type LogitsOptions } from './logits.js';
export {
  type ChoiceLayout,
  makeTaskBatch,
  type TaskBatch,
  type TaskBatchOptions as TaskBatchTensorOptions,
} from './task-batch.js';
export { answerKind, hasTask, parseTaskConfig, type TaskConfig, type TaskConfigInput, taskOf } from './task-config.js';
export { TaskHead } from './task-head.js';
export { TaskModel } from './task-model.js';
