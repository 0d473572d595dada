/** What a decoder keeps of the weights: `int8` has one scale for each output channel (weight-only quantisation). */
export type WeightFormat = 'float32' | 'bfloat16' | 'int8';

/** How a decoder computes, and how much it takes on. */
export interface DecoderOptions {
  /**
   * Weights in bfloat16 or int8 are read faster; sums stay in float32. Default: `float32`, the model's own
   * numbers; for a model that was opened from quantised files on the CPU, what these keep.
   */
  weights?: WeightFormat;
  /**
   * Tokens whose keys and values are kept at most, over all running requests and what is kept of finished ones. A token
   * takes 8 · layers · heads · headWidth bytes, on a GPU with weights in bfloat16 half as many. Memory is taken as it is needed, up to this limit. At least the context
   * length. Default: 8 context lengths, at least 4,096 tokens.
   */
  cacheTokens?: number;
  /** Sequences that are computed together at most; each of a request's `n` samples is one. Default 64. */
  maxRunning?: number;
  /** Requests that may be unfinished beyond `maxRunning`; a further one fails at once with `DecoderFullError`. Default 1,024. */
  maxWaiting?: number;
  /** Most tokens that one step puts through the model, in all sequences together. Default 256. */
  stepTokens?: number;
  /**
   * A sequence's logits do not differ by a bit, whatever is computed beside it and however much of its prompt was kept
   * from before. Costs nothing with gptorch's kernels; with torch's each token is computed by itself then. Default false.
   */
  batchInvariant?: boolean;
  /**
   * What computes: `gptorch`'s own kernels, over a copy of the weights packed for them, on the CPU alone; or `torch`'s
   * operators. Default: `gptorch` on the CPU, `torch` elsewhere.
   */
  kernels?: 'gptorch' | 'torch';
  /**
   * Where the device has graphs (`engine.hasGraphs`), steps that take one token of each text, as most do, are recorded
   * and launched as a whole: one recording for each power of two up to 256 texts, to which a step is padded. The first
   * two steps of a size, and all after a change of the weights or a growth of the cache, are not yet. Default true.
   */
  capture?: boolean;
}
