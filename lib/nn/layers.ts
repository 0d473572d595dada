import type { Tensor } from '../tensor/index.js';
import { type ForwardOptions, Module, type ModuleOptions, withKey } from './module.js';

/** y = x · weightᵀ + bias; parameters `weight` (outFeatures, inFeatures) and, unless `bias` is false, `bias` (outFeatures). */
export class Linear extends Module {
  constructor(settings: { inFeatures: number; outFeatures: number; bias?: boolean }, options?: ModuleOptions) {
    super('Linear', { bias: true, ...settings }, options);
  }

  /** (…, inFeatures) → (…, outFeatures) */
  forward(input: Tensor): Tensor {
    return this.call(input.handle);
  }
}

/** Layer normalisation over the last dimension (Ba et al. 2016); parameters `weight` and `bias` (width). Default `eps` 1e-5. */
export class LayerNorm extends Module {
  constructor(settings: { width: number; eps?: number }, options?: ModuleOptions) {
    super('LayerNorm', { eps: 1e-5, ...settings }, options);
  }

  /** (…, width) → (…, width) */
  forward(input: Tensor): Tensor {
    return this.call(input.handle);
  }
}

/** The sizes of an `Embedding`. */
export interface EmbeddingSettings {
  /** Rows of `wte.weight`: token ids are below it. */
  vocabSize: number;
  /** Rows of `wpe.weight`: positions are below it. */
  contextLength: number;
  /** Width of a hidden state. */
  width: number;
  /** Probability of dropout on the sum while training. Default 0. */
  dropout?: number;
}

/**
 * Token and position embedding: h[0] = tokens · We + Wp. Parameters `wte.weight` (vocabSize, width) and `wpe.weight`
 * (contextLength, width). A table alone is a tensor with `requiresGrad` and `indexSelect`.
 */
export class Embedding extends Module {
  constructor(settings: EmbeddingSettings, options?: ModuleOptions) {
    super('Embedding', { dropout: 0, ...settings }, options);
  }

  /**
   * (B, T) int64 → (B, T, width); `position` is the place of the first token in its sequence, default 0.
   * @throws ArgumentError when positions pass the context length; a token outside the vocabulary is told where a value is awaited
   */
  forward(tokens: Tensor, options: ForwardOptions & { position?: number } = {}): Tensor {
    return withKey(options, 1, (...mode) => this.call(tokens.handle, ...mode, options.position ?? 0));
  }
}

/** GELU in its tanh form (GPT), with erf, or ReLU. */
export type Activation = 'gelu_tanh' | 'gelu' | 'relu';

/** The sizes of a `FeedForward`. */
export interface FeedForwardSettings {
  /** Width of input and output. */
  width: number;
  /** Width between the two linear layers; 4 · width in GPT. */
  feedForwardWidth: number;
  /** Default `gelu_tanh`. */
  activation?: Activation;
  /** Linear layers have biases. Default true. */
  bias?: boolean;
  /** Probability of dropout on the output while training. Default 0. */
  residualDropout?: number;
}

/** The position-wise feed-forward network: c_proj(activation(c_fc(x))). */
export class FeedForward extends Module {
  constructor(settings: FeedForwardSettings, options?: ModuleOptions) {
    super('FeedForward', { activation: 'gelu_tanh', bias: true, residualDropout: 0, ...settings }, options);
  }

  /** (…, width) → (…, width) */
  forward(input: Tensor, options: ForwardOptions = {}): Tensor {
    return withKey(options, 1, (...mode) => this.call(input.handle, ...mode));
  }
}
