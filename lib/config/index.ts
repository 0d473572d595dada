/** Configurations of a run: presets by name, files, `--set`. */
export { loadRunConfig, presetFolder, presetNames } from './load-config.js';
export { applyOverrides } from './overrides.js';
export {
  type DataConfig,
  parseRunConfig,
  type RunConfig,
  type RunConfigInput,
  RunConfigSchema,
  type TokenizerConfig,
} from './run-config.js';
export {
  optimizerFields,
  parseTrainConfig,
  SCHEDULE_KINDS,
  type ScheduleKind,
  type TrainConfig,
  type TrainConfigInput,
  TrainConfigSchema,
} from './train-config.js';
