/** Generation on the engine: one call for a whole text, many texts at once. */

export { Decoder, type DecoderModules } from './decoder.js';
export type { DecoderOptions, DecoderStats, WeightFormat } from './decoder-options.js';
export type {
  Completion,
  FinishReason,
  GeneratedToken,
  GenerateOptions,
  RequestOptions,
  SamplesOptions,
  TokenLogProb,
} from './options.js';
