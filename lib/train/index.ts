/** Training: the loop, its schedules and checkpoints, and pretraining from text files to a model directory. */
export type {
  DataConfig,
  RunConfig,
  RunConfigInput,
  ScheduleKind,
  TokenizerConfig,
  TrainConfig,
  TrainConfigInput,
} from '../config/index.js';
export type { Batch, BatchLayout } from './batch.js';
export { loadCheckpoint, readCheckpointState, saveCheckpoint } from './checkpoint.js';
export type { Corpus, CorpusOptions, TokenBatch } from './corpus.js';
export { type DialogueParts, openDialogueCorpus, readDialogueParts } from './dialogue-corpus.js';
export { type DialoguePerplexity, type DialoguePerplexityOptions, dialoguePerplexity } from './dialogue-perplexity.js';
export { evaluate } from './evaluate.js';
export type { StopReason, TrainEvent, TrainListener, TrainSummary } from './events.js';
export { type LossCurveOptions, writeLossCurve } from './loss-curve.js';
export { escapeXml } from './loss-curve-svg.js';
export {
  isValidation,
  type Metrics,
  MetricsLog,
  readMetrics,
  type StepMetrics,
  type ValidationMetrics,
} from './metrics-log.js';
export { type PretrainOptions, type PretrainSummary, pretrain } from './pretrain.js';
export { Progress, type ProgressOptions, type ProgressStream, type ProgressUpdate } from './progress.js';
export { type RunHooks, runTraining, type TrainingRun } from './run.js';
export { type RunFolder, runFolder } from './run-folder.js';
export { aloneInFolder } from './run-lock.js';
export { checkHoldsNoRun, type Environment, environment, readSavedRun, type SavedRun } from './saved-run.js';
export { createSchedule, type Schedule, type ScheduleOptions } from './schedule.js';
export { type TextPerplexity, type TextPerplexityOptions, textPerplexity } from './text-perplexity.js';
export { Trainer } from './trainer.js';
export type { Evaluation, Trainable, TrainerOptions } from './trainer-options.js';
export type { TrainerState } from './trainer-state.js';
