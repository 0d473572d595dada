import type { Argument } from '../addon/index.js';
import type { Tensor } from '../tensor/index.js';
import type { LayerCache } from './key-value-cache.js';
import type { FeedForwardSettings } from './layers.js';
import { type ForwardOptions, Module, type ModuleOptions, withKey } from './module.js';

export interface CausalSelfAttentionSettings {
  width: number;
  heads: number;
  /** Default width / heads. */
  headWidth?: number;
  bias?: boolean;
  attentionDropout?: number;
  residualDropout?: number;
  /** k: position t attends to t-k+1 … t. Absent: to the whole history. */
  attentionWindow?: number;
}

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

export interface DecoderBlockSettings extends CausalSelfAttentionSettings, FeedForwardSettings {
  /** `post`: GPT-1; `pre`: GPT-2. Default pre. */
  normPosition?: 'pre' | 'post';
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
