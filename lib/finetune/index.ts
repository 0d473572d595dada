/** Fine-tuning on tasks: from files to a model, its measures, and its answers. */

export { type ClassificationMetrics, classificationMetrics, majorityAccuracy } from './classification-metrics.js';
export {
  evaluateTask,
  mainScore,
  scoresOf,
  type TaskEvaluation,
  type TaskEvaluationOptions,
} from './evaluate-task.js';
export { type FineTuneOptions, type FineTuneSummary, finetune } from './finetune.js';
export {
  type FineTuneConfig,
  type FineTuneConfigInput,
  parseFineTuneConfig,
} from './finetune-config.js';
export { type Prediction, predict } from './predict.js';
export { type RegressionMetrics, regressionMetrics } from './regression-metrics.js';
export { encodeTaskLines, readTaskFiles, type TaskFiles } from './task-data.js';
export type { SavedFineTune } from './train-task.js';
