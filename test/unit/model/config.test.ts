import { expect, test } from 'vitest';
import { fromHuggingFace, InputError, modelTypeOf, parseGPTConfig, toHuggingFace } from '../../../lib/index.js';

const small = { vocabSize: 11, contextLength: 8, layers: 2, heads: 2, width: 8 };

test('what follows from other fields is filled in', () => {
  expect(parseGPTConfig(small)).toMatchObject({
    headWidth: 4,
    feedForwardWidth: 32,
    normPosition: 'pre',
    initStd: 0.02,
  });
});

test.each([
  [{ ...small, layres: 2 }, /"layres".*did you mean "layers"/],
  [{ ...small, width: 9 }, /width 9 is not divisible by heads 2/],
  [{ ...small, heads: 0 }, /heads/],
  [{ ...small, embeddingDropout: 1 }, /embeddingDropout/],
  [{ ...small, activation: 'gelu-tanh' }, /activation.*gelu_tanh/],
])('%j is refused in one line', (config, message) => {
  expect(() => parseGPTConfig(config)).toThrow(InputError);
  expect(() => parseGPTConfig(config)).toThrow(message);
});

test.each([
  ['gpt2', {}],
  ['gpt2', { activation: 'relu', feedForwardWidth: 12 }],
  ['gpt2', { tiedEmbedding: false }],
  ['gpt2', { embeddingDropout: 0.1, attentionDropout: 0.2, residualDropout: 0.3, layerNormEps: 1e-3, initStd: 0.5 }],
  ['openai-gpt', { normPosition: 'post' }],
  ['openai-gpt', { normPosition: 'post', activation: 'relu', tiedEmbedding: false }],
  ['gptorch', { normPosition: 'post', activation: 'gelu' }],
  ['gptorch', { attentionWindow: 3 }],
  ['gptorch', { bias: false }],
  ['gptorch', { headWidth: 2 }],
] as const)('config.json of a %s model comes back the same: %j', (type, change) => {
  const config = parseGPTConfig({ ...small, ...change });
  expect(modelTypeOf(config)).toBe(type);
  const json = JSON.parse(JSON.stringify(toHuggingFace(config)));
  expect(json.model_type).toBe(type);
  expect(fromHuggingFace(json, 'config.json')).toEqual(config);
});

const gpt2 = { model_type: 'gpt2', vocab_size: 11, n_positions: 8, n_embd: 8, n_layer: 2, n_head: 2 };

test('what a config.json leaves out is as in transformers', () => {
  expect(fromHuggingFace(gpt2, 'config.json')).toMatchObject({
    ...{ embeddingDropout: 0.1, attentionDropout: 0.1, residualDropout: 0.1, layerNormEps: 1e-5, initStd: 0.02 },
    ...{ tiedEmbedding: true, activation: 'gelu_tanh', feedForwardWidth: 32 },
  });
});

test('fields of transformers that change nothing here are passed over', () => {
  const more = {
    ...{ architectures: ['GPT2Model'], transformers_version: '4.30.0', torch_dtype: 'float16', dtype: 'float16' },
    ...{ use_cache: true, reorder_and_upcast_attn: true, n_ctx: 8, pruned_heads: {}, summary_type: 'cls_index' },
    ...{ task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } }, id2label: { 0: 'a' } },
  };
  expect(fromHuggingFace({ ...gpt2, ...more }, 'config.json')).toEqual(fromHuggingFace(gpt2, 'config.json'));
});

test.each([
  [{ scale_attn_weights: false }, /"scale_attn_weights" is false; allowed: true/],
  [{ scale_attn_by_inverse_layer_idx: true }, /"scale_attn_by_inverse_layer_idx" is true; allowed: false/],
  [{ add_cross_attention: true }, /"add_cross_attention" is true; allowed: false/],
  [{ activation_function: 'silu' }, /"activation_function" is "silu"; allowed: "gelu_new"/],
  [{ pruned_heads: { 0: [1] } }, /pruned_heads/],
  [{ quantization_config: { bits: 4 } }, /quantization_config/],
  [{ model_type: 'openai-gpt', afn: 'silu' }, /"afn" is "silu"; allowed: "gelu", "relu"/],
  [{ model_type: 'llama' }, /model_type "llama" is none of gpt2, openai-gpt, gptorch/],
  [{ n_layer: '2' }, /"n_layer" is "2"/],
])('what this library would compute otherwise is refused: %j', (change, message) => {
  const read = () => fromHuggingFace({ ...gpt2, ...change }, 'config.json');
  expect(read).toThrow(InputError);
  expect(read).toThrow(message);
});
