import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GPT, type GPTConfigInput, growVocabulary, type Tensor, tensor } from '../../../lib/index.js';

const config: GPTConfigInput = { vocabSize: 11, contextLength: 8, layers: 2, heads: 2, width: 64 };
const forms: [string, GPTConfigInput, string[]][] = [
  ['tied GPT-2', config, ['transformer.wte.weight']],
  ['tied GPT-1', { ...config, normPosition: 'post' }, ['transformer.tokens_embed.weight']],
  ['untied', { ...config, tiedEmbedding: false }, ['transformer.wte.weight', 'lm_head.weight']],
];
const OLD = 11;
const NEW = 211;
const tokens = () => tensor([[1, 5, 2, 9, 10, 0, 7]], { dtype: 'int64' });

async function values(parameters: [string, Tensor][]): Promise<Map<string, number[]>> {
  const read = parameters.map(async ([name, value]) => [name, Array.from(await value.toArray(), Number)] as const);
  return new Map(await Promise.all(read));
}

async function hiddenAndOldLogits(model: GPT): Promise<{ hidden: number[]; logits: number[] }> {
  const hidden = Array.from(await model.hidden(tokens()).toArray(), Number);
  return { hidden, logits: Array.from(await model.forward(tokens()).narrow(2, 0, OLD).toArray(), Number) };
}

describe.each(forms)('growVocabulary, %s', (_, form, growing) => {
  test('keeps every old value to the bit and draws the new rows from N(0, initStd)', async () => {
    const model = new GPT(form, { seed: 3 });
    const before = await values(model.namedParameters());
    const grown = growVocabulary(model, NEW, { seed: 4 });
    const after = await values(grown.namedParameters());
    expect(grown.config).toEqual({ ...model.config, vocabSize: NEW });
    expect([...after.keys()]).toEqual([...before.keys()]);
    const changed = [...after].filter(([name, { length }]) => length !== before.get(name)?.length);
    expect(changed.map(([name]) => name)).toEqual(growing);
    for (const [name, all] of after) expect(all.slice(0, before.get(name)?.length)).toEqual(before.get(name));
    for (const [, all] of changed) {
      const fresh = all.slice(OLD * 64);
      expect(fresh).toHaveLength((NEW - OLD) * 64);
      const mean = fresh.reduce((sum, value) => sum + value, 0) / fresh.length;
      const std = Math.sqrt(fresh.reduce((sum, value) => sum + (value - mean) ** 2, 0) / fresh.length);
      // 12,800 draws: the mean's standard error is 0.00018, that of the standard deviation 0.000125. Five of each.
      expect(Math.abs(mean)).toBeLessThan(0.0009);
      expect(Math.abs(std - 0.02)).toBeLessThan(0.00063);
    }
    grown.dispose();
  });

  test('keeps the logits of the old tokens, also saved and opened again', async () => {
    const model = new GPT(form, { seed: 3 }).eval();
    const before = await hiddenAndOldLogits(model);
    const grown = growVocabulary(model, NEW);
    expect(grown.training).toBe(false);
    const after = await hiddenAndOldLogits(grown);
    expect(after.hidden).toEqual(before.hidden);
    // A wider matrix product may sum in another order.
    for (const [i, logit] of after.logits.entries())
      expect(Math.abs(logit - Number(before.logits[i]))).toBeLessThan(1e-6);
    const folder = await mkdtemp(join(tmpdir(), 'gptorch-'));
    try {
      await grown.save(folder);
      const loaded = await GPT.load(folder);
      expect(loaded.config.vocabSize).toBe(NEW);
      expect(await loaded.forward(tokens()).toArray()).toEqual(await grown.forward(tokens()).toArray());
      loaded.dispose();
    } finally {
      await rm(folder, { recursive: true });
    }
    grown.dispose();
  });

  test('trains the new rows with the old', async () => {
    const grown = growVocabulary(new GPT(form), NEW);
    grown.loss(tensor([[NEW - 1, 3]], { dtype: 'int64' }), tensor([[OLD, NEW - 1]], { dtype: 'int64' })).backward();
    const gradient = grown.outputWeight.grad().abs().narrow(0, OLD, 1).sum();
    expect(await gradient.item()).toBeGreaterThan(0);
    grown.dispose();
  });
});

test('the seed decides the new rows', async () => {
  const rows = async (seed: number) => {
    const grown = growVocabulary(new GPT(config), OLD + 1, { seed });
    return [...(await grown.outputWeight.narrow(0, OLD, 1).toArray())];
  };
  expect(await rows(1)).toEqual(await rows(1));
  expect(await rows(1)).not.toEqual(await rows(2));
});

test('the same size gives the same model; shrinking is refused and leaves the model alone', async () => {
  const model = new GPT(config).eval();
  expect(growVocabulary(model, OLD)).toBe(model);
  for (const wrong of [10, 0, 12.5, Number.NaN]) {
    expect(() => growVocabulary(model, wrong)).toThrow(
      `growVocabulary: vocabSize is ${wrong}; allowed: whole numbers from the model's 11`,
    );
  }
  expect(await model.forward(tokens()).toArray()).toHaveLength(7 * OLD);
});

test('the model computes as precisely as before', () => {
  const grown = growVocabulary(new GPT(config, { dtype: 'bfloat16' }), NEW);
  expect(grown.dtype).toBe('bfloat16');
  grown.dispose();
});

test('the smaller model is disposed of', async () => {
  const model = new GPT(config);
  growVocabulary(model, NEW).dispose();
  expect(() => model.forward(tokens())).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
});
