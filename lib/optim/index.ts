/** The optimizer and what belongs to a step. */

export { AdamW, type AdamWOptions } from './adamw.js';
export type { NamedParameters } from './check-parameters.js';
export { clipGradNorm } from './clip-grad-norm.js';
