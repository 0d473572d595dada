/** Configurations of a run: presets by name, files, `--set`. */
export { loadRunConfig, presetFolder, presetNames } from './load-config.js';
export { applyOverrides } from './overrides.js';
export { parseRunConfig, type RunConfig, RunConfigSchema } from './run-config.js';
export {
  optimizerFields,
  SCHEDULE_KINDS,
  type ScheduleKind,
  type TrainConfig,
  TrainConfigSchema,
} from './train-config.js';
