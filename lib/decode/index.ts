/** Generation on the engine: one call for a whole text. */

export { Decoder, type DecoderModules } from './decoder.js';
export type { Completion, FinishReason, GeneratedToken, GenerateOptions, SamplesOptions } from './options.js';
