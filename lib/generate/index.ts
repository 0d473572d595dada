/** Text from a model, and how probable it finds text. */

export { complete, generate } from './generate.js';
export { type Score, score } from './score.js';
