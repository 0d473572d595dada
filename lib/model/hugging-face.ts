import { z } from 'zod';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import { type GPTConfig, parseGPTConfig, tokenIds } from './config.js';

/** Which of Hugging Face's classes opens a model directory; `gptorch`: none does. */
export type ModelType = 'gpt2' | 'openai-gpt' | 'gptorch';

const ACTIVATIONS = { gelu_tanh: 'gelu_new', gelu: 'gelu', relu: 'relu' } as const;

/** The class of Hugging Face that has such a model, else `gptorch`. */
export function modelTypeOf(config: GPTConfig): ModelType {
  const common =
    config.bias && config.attentionWindow === undefined && config.headWidth * config.heads === config.width;
  if (common && config.normPosition === 'pre') return 'gpt2';
  const gpt1 = config.activation !== 'gelu' && config.feedForwardWidth === 4 * config.width;
  return common && gpt1 ? 'openai-gpt' : 'gptorch';
}

/** The `config.json` of a model with int8 weights: Hugging Face has no class that reads them, so it has our own type. */
export function int8Config(config: GPTConfig): Record<string, unknown> {
  return { model_type: 'gptorch', ...config, quantization: { weights: 'int8' } };
}

/** Whether a `config.json` is one of `int8Config`. @throws InputError for weights quantised otherwise */
export function isInt8(json: unknown, where: string): boolean {
  return parseOrThrow(quantizedSchema, json, where).quantization !== undefined;
}

/** The contents of `config.json`. */
export function toHuggingFace(config: GPTConfig): Record<string, unknown> {
  const type = modelTypeOf(config);
  if (type === 'gptorch') return { model_type: type, ...config };
  const shared = {
    model_type: type,
    vocab_size: config.vocabSize,
    n_positions: config.contextLength,
    n_embd: config.width,
    n_layer: config.layers,
    n_head: config.heads,
    embd_pdrop: config.embeddingDropout,
    attn_pdrop: config.attentionDropout,
    resid_pdrop: config.residualDropout,
    layer_norm_epsilon: config.layerNormEps,
    initializer_range: config.initStd,
    tie_word_embeddings: config.tiedEmbedding,
    bos_token_id: config.bosTokenId,
    eos_token_id: config.eosTokenId,
  };
  if (type === 'openai-gpt') {
    const afn = config.activation === 'relu' ? 'relu' : 'gelu';
    return { architectures: ['OpenAIGPTLMHeadModel'], ...shared, afn };
  }
  return {
    architectures: ['GPT2LMHeadModel'],
    ...shared,
    n_inner: config.feedForwardWidth === 4 * config.width ? null : config.feedForwardWidth,
    activation_function: ACTIVATIONS[config.activation],
  };
}

const count = z.number().int().min(1);
const quantizedSchema = z.object({ quantization: z.strictObject({ weights: z.literal('int8') }).optional() });
const sharedSchema = z.object({
  vocab_size: count,
  n_positions: count,
  n_embd: count,
  n_layer: count,
  n_head: count,
  embd_pdrop: z.number().default(0.1),
  attn_pdrop: z.number().default(0.1),
  resid_pdrop: z.number().default(0.1),
  layer_norm_epsilon: z.number().default(1e-5),
  initializer_range: z.number().default(0.02),
  tie_word_embeddings: z.boolean().default(true),
  bos_token_id: tokenIds.optional(),
  eos_token_id: tokenIds.optional(),
  // What would change the result in a way that this library does not have. All other fields change nothing here.
  pruned_heads: z.record(z.string(), z.never()).nullish(),
  quantization_config: z.null().optional(),
});
const gpt2Schema = sharedSchema.extend({
  scale_attn_weights: z.literal(true).default(true),
  scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
  n_inner: count.nullish(),
  activation_function: z.enum(['gelu_new', 'gelu_pytorch_tanh', 'gelu', 'relu']).default('gelu_new'),
});
// GPT-1's "gelu" is the tanh form.
const gpt1Schema = sharedSchema.extend({ afn: z.enum(['gelu', 'relu']).default('gelu') });

/**
 * Reads the contents of a `config.json`.
 * @throws InputError for a model type or a field that this library does not have
 */
export function fromHuggingFace(json: unknown, where: string): GPTConfig {
  const { model_type: type } = parseOrThrow(z.object({ model_type: z.string() }), json, where);
  if (type === 'gptorch') {
    // `task`: the head's, see lib/heads. `dtype`: the weights', which the files say themselves.
    const { model_type: _, task: __, quantization: ___, dtype: ____, ...config } = json as Record<string, unknown>;
    return parseGPTConfig(config, where);
  }
  if (type === 'gpt2') {
    const found = parseOrThrow(gpt2Schema, json, where);
    const activation = { gelu_new: 'gelu_tanh', gelu_pytorch_tanh: 'gelu_tanh', gelu: 'gelu', relu: 'relu' } as const;
    return parseGPTConfig(
      {
        ...sharedFields(found),
        normPosition: 'pre',
        activation: activation[found.activation_function],
        feedForwardWidth: found.n_inner ?? undefined,
      },
      where,
    );
  }
  if (type === 'openai-gpt') {
    const found = parseOrThrow(gpt1Schema, json, where);
    const activation = found.afn === 'relu' ? 'relu' : 'gelu_tanh';
    return parseGPTConfig({ ...sharedFields(found), normPosition: 'post', activation }, where);
  }
  throw new InputError(`${where}: model_type "${type}" is none of gpt2, openai-gpt, gptorch`);
}

function sharedFields(found: z.output<typeof sharedSchema>) {
  return {
    vocabSize: found.vocab_size,
    contextLength: found.n_positions,
    width: found.n_embd,
    layers: found.n_layer,
    heads: found.n_head,
    embeddingDropout: found.embd_pdrop,
    attentionDropout: found.attn_pdrop,
    residualDropout: found.resid_pdrop,
    layerNormEps: found.layer_norm_epsilon,
    initStd: found.initializer_range,
    tiedEmbedding: found.tie_word_embeddings,
    bosTokenId: found.bos_token_id,
    eosTokenId: found.eos_token_id,
  };
}
