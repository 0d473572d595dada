/** Text from a model, and how probable it finds text. */

export { type Beam, type BeamSearchOptions, beamSearch } from './beam-search.js';
export { complete, generate } from './generate.js';
export { type Score, score } from './score.js';
export { TextStream } from './text-stream.js';
