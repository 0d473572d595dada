/** What training minimises. */

export { type LanguageModelingBatch, LanguageModelingObjective } from './language-modeling.js';
export { addCounts, type Objective, type PerTerm, weightedLoss } from './objective.js';
export { inPrecision } from './precision.js';
