/** What training minimises. */

export { CombinedObjective, type CombinedOptions } from './combined.js';
export { FineTuningObjective } from './fine-tuning.js';
export { type LanguageModelingBatch, LanguageModelingObjective } from './language-modeling.js';
export { addCounts, type Objective, objectiveLoss, type PerTerm, weightedLoss } from './objective.js';
export { inPrecision } from './precision.js';
