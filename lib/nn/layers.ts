import type { Tensor } from '../tensor/index.js';
import { type ForwardOptions, Module, type ModuleOptions, withKey } from './module.js';

/** y = x · weightᵀ + bias; parameters `weight` (outFeatures, inFeatures) and `bias`. */
export class Linear extends Module {
  constructor(settings: { inFeatures: number; outFeatures: number; bias?: boolean }, options?: ModuleOptions) {
    super('Linear', { bias: true, ...settings }, options);
  }

  /** (…, inFeatures) → (…, outFeatures) */
  forward(input: Tensor): Tensor {
    return this.call(input.handle);
  }
}

/** Layer normalisation over the last dimension (Ba et al. 2016). */
export class LayerNorm extends Module {
  constructor(settings: { width: number; eps?: number }, options?: ModuleOptions) {
    super('LayerNorm', { eps: 1e-5, ...settings }, options);
  }

  /** (…, width) → (…, width) */
  forward(input: Tensor): Tensor {
    return this.call(input.handle);
  }
}

/** The sizes of an `Embedding`, and its dropout (default 0). */
export interface EmbeddingSettings {
  vocabSize: number;
  contextLength: number;
  width: number;
  dropout?: number;
}

/** Token and position embedding: h[0] = tokens · We + Wp. Parameters `wte.weight` and `wpe.weight`. */
export class Embedding extends Module {
  constructor(settings: EmbeddingSettings, options?: ModuleOptions) {
    super('Embedding', { dropout: 0, ...settings }, options);
  }

  /** (B, T) int64 → (B, T, width); `position` is the place of the first token in its sequence. */
  forward(tokens: Tensor, options: ForwardOptions & { position?: number } = {}): Tensor {
    return withKey(options, 1, (...mode) => this.call(tokens.handle, ...mode, options.position ?? 0));
  }
}

/** GELU in its tanh form (GPT), with erf, or ReLU. */
export type Activation = 'gelu_tanh' | 'gelu' | 'relu';

/** The sizes of a `FeedForward`; GELU in its tanh form, biases and no dropout unless said otherwise. */
export interface FeedForwardSettings {
  width: number;
  feedForwardWidth: number;
  activation?: Activation;
  bias?: boolean;
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
