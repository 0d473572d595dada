/** Native modules: each class has its torch::nn::Module of the same name in native/modules. */

export {
  type AttentionOptions,
  CausalSelfAttention,
  type CausalSelfAttentionSettings,
  DecoderBlock,
  type DecoderBlockSettings,
} from './attention.js';
export { type CacheSettings, KeyValueCache, type LayerCache } from './key-value-cache.js';
export {
  type Activation,
  Embedding,
  type EmbeddingSettings,
  FeedForward,
  type FeedForwardSettings,
  LayerNorm,
  Linear,
} from './layers.js';
export { type ForwardOptions, Module, type ModuleOptions, type ModuleSettings } from './module.js';
