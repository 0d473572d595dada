import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addon } from '../../../lib/addon/index.js';
import { type DecoderOptions, GPT, type SamplesOptions, tensor } from '../../../lib/index.js';
import { config, forms, prompt } from './forms.js';

// No CPU has graphs: a stand-in makes the calls again that it was given, with what stands in the recorded places.
beforeEach(() => addon.engine.standInForGraphs(true));
afterEach(() => {
  addon.engine.standInForGraphs(false);
  addon.engine.failAllocations(0, 0);
});

/** Five, of which some end before the others: buckets of 8, 4, 2 and 1, with padding and without. */
const prompts = [3, 70, 33, 1, 95].map((length, i) => prompt(i, length));

async function generate(decoder: DecoderOptions, form: object = {}, options: Partial<SamplesOptions> = {}) {
  const model = new GPT({ ...config, ...form }, { decoder: { kernels: 'torch', ...decoder } });
  const run = (tokens: readonly number[], i: number) =>
    model.complete(tokens, { maxNewTokens: 8 + 8 * i, seed: i, topLogProbs: 37, ...options });
  const completions = await Promise.all(prompts.map(run));
  const { launches } = model.decoder.stats();
  model.dispose();
  return { completions, launches };
}

describe.each(Object.entries(forms))('%s', (_, form) => {
  test.each([{}, { weights: 'int8' }, { batchInvariant: true }] as const)(
    'padded and recorded steps give what others give: %j',
    async (options) => {
      const plain = await generate({ ...options, capture: false }, form);
      const recorded = await generate(options, form);
      expect(plain.launches).toBe(0);
      expect(recorded.launches).toBeGreaterThan(20);
      expect(recorded.completions.map(({ tokens }) => tokens)).toEqual(plain.completions.map(({ tokens }) => tokens));
      for (const [i, { topLogProbs = [] }] of recorded.completions.entries()) {
        for (const [place, top] of topLogProbs.entries()) {
          const exact = new Map(plain.completions[i]?.topLogProbs?.[place]?.map((each) => [each.token, each.logProb]));
          for (const { token, logProb } of top) expect(logProb).toBeCloseTo(exact.get(token) ?? Number.NaN, 3);
        }
      }
    },
  );
});

test('a cache that grows is recorded anew', async () => {
  // Room for one context at first.
  const options = { maxNewTokens: 150, temperature: 0 };
  const run = async (capture: boolean) => {
    const model = new GPT(config, { decoder: { kernels: 'torch', capture } });
    const first = await model.complete([1], options);
    const more = await Promise.all([2, 3, 4, 5, 6, 7].map((token) => model.complete([token], options)));
    const { launches, cache } = model.decoder.stats();
    model.dispose();
    return { completions: [first, ...more], launches, allocated: cache.allocated };
  };
  const recorded = await run(true);
  expect(recorded.allocated).toBeGreaterThan(config.contextLength);
  expect(recorded.launches).toBeGreaterThan(150);
  expect(recorded.completions).toEqual((await run(false)).completions);
});

test('weights that change are recorded anew', async () => {
  const model = new GPT(config, { decoder: { kernels: 'torch' } });
  const options = { maxNewTokens: 20, temperature: 0 };
  const before = await model.complete([1], options);
  const { launches } = model.decoder.stats();
  expect(launches).toBeGreaterThan(0);
  const other = new GPT(config, { seed: 9 });
  for (const [name, parameter] of model.namedParameters()) {
    const source = other.namedParameters().find(([each]) => each === name)?.[1];
    parameter.copyFrom(tensor(await (source ?? parameter).toArray(), { shape: parameter.shape }));
  }
  const after = await model.complete([1], options);
  expect(after).not.toEqual(before);
  expect(after).toEqual(await other.complete([1], options));
  expect(model.decoder.stats().launches).toBeGreaterThan(launches);
  model.dispose();
  other.dispose();
});

test('out of memory drops the recordings and nothing else', async () => {
  const model = new GPT(config, { decoder: { kernels: 'torch' } });
  const options = { maxNewTokens: 40, temperature: 0 };
  const expected = await model.complete([5], options);
  const launched = () => model.decoder.stats().launches;
  const begin = launched();
  await model.complete([5], options);
  const usual = launched() - begin;
  const missed = [];
  for (const after of [200, 500, 800]) {
    const before = launched();
    addon.engine.failAllocations(after, 1);
    expect(await model.complete([5], options)).toEqual(expected);
    missed.push(usual - (launched() - before));
  }
  // Until they are recorded again, steps are computed as they are.
  expect(Math.min(...missed)).toBeGreaterThan(0);
  model.dispose();
});

test('a text without finite logits fails alone beside recorded ones', async () => {
  const model = new GPT({ ...config, tiedEmbedding: false }, { decoder: { kernels: 'torch' } });
  const weight = model.embedding.parameter('wte.weight');
  const values = (await weight.toArray()) as Float32Array;
  values.fill(Number.NaN, 36 * config.width);
  weight.copyFrom(tensor(values, { shape: [config.vocabSize, config.width] }));
  const options = { maxNewTokens: 20, temperature: 0, stop: [36] };
  const alone = await model.complete([5], options);
  const beside = [model.complete([5], options), model.complete([5, 36], options), model.complete([5], options)];
  const [first, bad, last] = await Promise.allSettled(beside);
  expect(bad?.status).toBe('rejected');
  for (const good of [first, last]) expect(good).toEqual({ status: 'fulfilled', value: alone });
  model.dispose();
});
