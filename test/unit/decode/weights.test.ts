import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  GPT,
  type GPTConfigInput,
  noGrad,
  quantize,
  saveSafetensors,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../../../lib/index.js';

// Widths that are no multiple of any vector; large weights, so that every logit differs.
const shared: GPTConfigInput = { vocabSize: 77, contextLength: 80, layers: 3, heads: 3, width: 33, initStd: 0.15 };
const FORMS: Record<string, Partial<GPTConfigInput>> = {
  'GPT-2': {},
  'GPT-2 with a window of 5': { attentionWindow: 5 },
  'GPT-2 with GELU and a head of its own': { activation: 'gelu', tiedEmbedding: false, feedForwardWidth: 70 },
  'GPT-1': { normPosition: 'post' },
  chat: { normPosition: 'post', activation: 'relu', bias: false, tiedEmbedding: false, headWidth: 20 },
};
const FORMATS = ['float32', 'bfloat16', 'int8'] as const;
/** Past two blocks of keys and values. */
const PROMPT = Array.from({ length: 50 }, (_, i) => (i * 31) % 77);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-weights-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A directory of the form with such weights: its parameters, opened, are exactly what the decoder packs. */
async function directoryOf(name: string, format: (typeof FORMATS)[number]): Promise<string> {
  const [plain, directory] = [join(folder, name), join(folder, `${name} ${format}`)];
  const model = new GPT({ ...shared, ...FORMS[name] }, { seed: 3 });
  await model.save(format === 'float32' ? directory : plain);
  model.dispose();
  if (format !== 'float32') await quantize(plain, directory, format).finally(() => rm(plain, { recursive: true }));
  return directory;
}

describe.each(Object.keys(FORMS))('%s', (form) => {
  test.each(FORMATS)('by the kernels of %s gives what a forward pass with the same weights gives', async (format) => {
    const model = await GPT.load(await directoryOf(form, format));
    const options = { maxNewTokens: 25, temperature: 0, topLogProbs: 77 };
    const { tokens, topLogProbs = [] } = await model.complete(PROMPT, options);
    expect(tokens).toHaveLength(25);
    const inputs = tensor([[...PROMPT, ...tokens]], { dtype: 'int64' });
    const expected = await noGrad(() => scope(() => model.forward(inputs).logSoftmax(-1))).toArray();
    const vocabulary = model.config.vocabSize;
    const row = (i: number) => Array.from(expected.slice(i * vocabulary, (i + 1) * vocabulary), Number);
    for (const [i, found] of topLogProbs.entries()) {
      const exact = row(PROMPT.length - 1 + i);
      const largest = Math.max(...exact.map(Math.abs));
      expect(found).toHaveLength(vocabulary);
      for (const { token, logProb } of found) {
        expect(Math.abs(logProb - (exact[token] ?? Number.NaN)) / largest).toBeLessThanOrEqual(1e-5);
      }
    }
    model.dispose();
  });
});

test('one matrix in bfloat16 does not make bfloat16 of the others', async () => {
  const [directory, model] = [join(folder, 'mixed'), new GPT(shared, { seed: 3 })];
  const expected = await model.complete(PROMPT, { maxNewTokens: 1, temperature: 0, topLogProbs: 77 });
  await model.save(directory);
  const name = 'transformer.h.1.mlp.c_fc.weight';
  const mixed = model.namedParameters().map(([each, parameter]): [string, Tensor] => {
    return [each, each === name ? zeros(parameter.shape, { dtype: 'bfloat16' }) : parameter];
  });
  await saveSafetensors(join(directory, 'model.safetensors'), mixed);
  model.blocks[1]?.parameter('mlp.c_fc.weight').fill(0);
  const [loaded, wanted] = [await GPT.load(directory), model];
  const options = { maxNewTokens: 1, temperature: 0, topLogProbs: 77 };
  const found = await loaded.complete(PROMPT, options);
  expect(found.topLogProbs).toEqual((await wanted.complete(PROMPT, options)).topLogProbs);
  expect(found.topLogProbs).not.toEqual(expected.topLogProbs);
  for (const each of [model, loaded]) each.dispose();
});

describe.each(['gptorch', 'torch'] as const)('int8 by the kernels of %s', (kernels) => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])('takes no weight of %d', async (bad) => {
    const model = new GPT(shared, { seed: 3, decoder: { kernels, weights: 'int8' } });
    model.embedding.parameter('wte.weight').fill(bad);
    await expect(model.complete(PROMPT, { maxNewTokens: 1 })).rejects.toThrow('int8 weights must be finite');
    model.dispose();
  });
});
