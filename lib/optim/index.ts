/** The optimizer and what belongs to a step. */

export { AdamW, type AdamWOptions, type NamedParameters } from './adamw.js';
export { clipGradNorm } from './clip-grad-norm.js';
