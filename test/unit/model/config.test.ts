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
  ['openai-gpt', { normPosition: 'post' }],
  ['gptorch', { normPosition: 'post', activation: 'relu' }],
  ['gptorch', { attentionWindow: 3 }],
  ['gptorch', { bias: false }],
  ['gptorch', { tiedEmbedding: false }],
  ['gptorch', { headWidth: 2 }],
] as const)('config.json of a %s model comes back the same: %j', (type, change) => {
  const config = parseGPTConfig({ ...small, ...change });
  expect(modelTypeOf(config)).toBe(type);
  const json = JSON.parse(JSON.stringify(toHuggingFace(config)));
  expect(json.model_type).toBe(type);
  expect(fromHuggingFace(json, 'config.json')).toEqual(config);
});
