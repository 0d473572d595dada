/** Generation on the engine: one call for a whole text, many texts at once. */

export type { DecoderStats } from '../addon/index.js';
export { Decoder, type DecoderModules } from './decoder.js';
export type { DecoderOptions, WeightFormat } from './decoder-options.js';
export type {
  Completion,
  FinishReason,
  GeneratedToken,
  GenerateOptions,
  RequestOptions,
  SamplesOptions,
  TokenLogProb,
} from './options.js';
