/** Text from a model, and how probable it finds text. */

export { type Completion, complete, type FinishReason, type GenerateOptions, generate } from './generate.js';
export { type Score, score } from './score.js';
