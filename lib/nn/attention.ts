import type { Argument } from '../addon/index.js';
import type { Tensor } from '../tensor/index.js';
import type { LayerCache } from './key-value-cache.js';
import type { FeedForwardSettings } from './layers.js';
import { type ForwardOptions, Module, type ModuleOptions, withKey } from './module.js';

/** The sizes of a `CausalSelfAttention`. */
export interface CausalSelfAttentionSettings {
  /** Width of input and output. */
  width: number;
  /** Attention heads. */
  heads: number;
  /** Width of a head. Default width / heads. */
  headWidth?: number;
  /** Linear layers have biases. Default true. */
  bias?: boolean;
  /** Probability of dropout on the attention weights while training. Default 0. */
  attentionDropout?: number;
  /** Probability of dropout on the output while training. Default 0. */
  residualDropout?: number;
  /** k: position t attends to t-k+1 … t. Absent: to the whole history. */
  attentionWindow?: number;
}

/** What a forward pass with attention takes beside its input. */
export interface AttentionOptions extends ForwardOptions {
  /** Where keys and values of the input are put, and those before it are found. No gradient then. */
  cache?: LayerCache;
  /** Place of the input's first token in the cache. Default 0. */
  position?: number;
}

const defaults = { bias: true, attentionDropout: 0, residualDropout: 0 };

/** Masked multi-head self-attention; parameters `c_attn.*`, `c_proj.*`. */
export class CausalSelfAttention extends Module {
  constructor(settings: CausalSelfAttentionSettings, options?: ModuleOptions) {
    super('CausalSelfAttention', { ...defaults, ...withHeadWidth(settings) }, options);
  }

  /** (B, T, width) → (B, T, width) */
  forward(input: Tensor, options: AttentionOptions = {}): Tensor {
    return withKey(options, 2, (...mode) => this.call(input.handle, ...mode, ...cacheArguments(options)));
  }
}

/** The sizes of a `DecoderBlock`. */
export interface DecoderBlockSettings extends CausalSelfAttentionSettings, FeedForwardSettings {
  /** `post`: GPT-1; `pre`: GPT-2. Default pre. */
  normPosition?: 'pre' | 'post';
  /** Added to the variance in both norms. Default 1e-5. */
  layerNormEps?: number;
}

/** One decoder block: attention and feed-forward with residuals; parameters `ln_1.*`, `attn.*`, `ln_2.*`, `mlp.*`. */
export class DecoderBlock extends Module {
  constructor(settings: DecoderBlockSettings, options?: ModuleOptions) {
    const blockDefaults = { normPosition: 'pre', layerNormEps: 1e-5, activation: 'gelu_tanh' };
    super('DecoderBlock', { ...defaults, ...blockDefaults, ...withHeadWidth(settings) }, options);
  }

  /** (B, T, width) → (B, T, width) */
  forward(input: Tensor, options: AttentionOptions = {}): Tensor {
    return withKey(options, 3, (...mode) => this.call(input.handle, ...mode, ...cacheArguments(options)));
  }
}

function withHeadWidth<S extends CausalSelfAttentionSettings>(settings: S): S {
  return { ...settings, headWidth: settings.headWidth ?? settings.width / settings.heads };
}

function cacheArguments({ cache, position = 0 }: AttentionOptions): Argument[] {
  return [cache?.keys.handle, cache?.values.handle, position];
}
