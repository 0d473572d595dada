import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  autocast,
  beamSearch,
  complete,
  crossEntropy,
  GPT,
  type GPTConfigInput,
  generate,
  InputError,
  noGrad,
  score,
  type Tensor,
  tensor,
} from '../../../lib/index.js';

const small: GPTConfigInput = {
  ...{ vocabSize: 13, contextLength: 12, layers: 2, heads: 2, width: 8, initStd: 0.3 },
  ...{ embeddingDropout: 0, attentionDropout: 0, residualDropout: 0 },
};
const forms: [string, GPTConfigInput][] = [
  ['GPT-2', small],
  ['GPT-1', { ...small, normPosition: 'post' }],
  ['chat', { ...small, normPosition: 'post', activation: 'relu', bias: false, tiedEmbedding: false, headWidth: 3 }],
  ['windowed', { ...small, attentionWindow: 3 }],
];
const tokens = [1, 5, 2, 9, 12, 0, 7, 3, 3, 8];
const batch = () => tensor([tokens], { dtype: 'int64' });

describe.each(forms)('%s form', (_name, config) => {
  test('a token changes nothing before it', async () => {
    const model = new GPT(config).eval();
    const last = [...tokens.slice(0, -1), 11];
    const a = await model.forward(batch()).toArray();
    const b = await model.forward(tensor([last], { dtype: 'int64' })).toArray();
    const before = (tokens.length - 1) * 13;
    expect(a.slice(0, before)).toEqual(b.slice(0, before));
    expect(a.slice(before)).not.toEqual(b.slice(before));
    model.dispose();
  });

  test('with the cache each token costs one position and the logits agree', async () => {
    const model = new GPT(config).eval();
    const whole = await model.forward(batch()).toArray();
    const cache = model.makeCache();
    const steps: number[] = [];
    for (const chunk of [tokens.slice(0, 4), tokens.slice(4, 7), ...tokens.slice(7).map((token) => [token])]) {
      const logits = noGrad(() => model.forward(tensor([chunk], { dtype: 'int64' }), { cache }));
      steps.push(...Array.from(await logits.toArray(), Number));
    }
    // Sums of a few hundred float32 products in another order.
    for (const [i, value] of steps.entries()) expect(value).toBeCloseTo(Number(whole[i]), 4);
    model.dispose();
  });

  test('the loss is the cross-entropy of the logits', async () => {
    const model = new GPT(config).eval();
    const targets = tensor([[...tokens.slice(1), -100]], { dtype: 'int64' });
    const loss = await model.loss(batch(), targets).item();
    expect(loss).toBeCloseTo(await crossEntropy(model.forward(batch()), targets).item(), 5);
    const { loss: scored } = await score(model, tokens);
    expect(scored).toBeCloseTo(loss, 5);
    model.dispose();
  });
});

test('all targets ignored give loss 0 and no gradient that is not a number', async () => {
  const model = new GPT(small);
  const loss = model.loss(batch(), tensor([tokens.map(() => -100)], { dtype: 'int64' }));
  loss.backward();
  expect(await loss.item()).toBe(0);
  for (const [, parameter] of model.namedParameters()) expect(await parameter.grad().abs().sum().item()).toBe(0);
  model.dispose();
});

test('under autocast the loss is near, its dtype the same', async () => {
  const model = new GPT(small).eval();
  const targets = tensor([[...tokens.slice(1), -100]], { dtype: 'int64' });
  const exact = await model.loss(batch(), targets).item();
  const mixed = autocast('bfloat16', () => model.loss(batch(), targets));
  mixed.backward();
  expect(mixed.dtype).toBe('float32');
  expect(await mixed.item()).not.toBe(exact);
  // bfloat16 keeps 8 bits: about 1 in 256.
  expect(Math.abs((await mixed.item()) - exact)).toBeLessThan(0.05);
  expect(await model.outputWeight.grad().abs().sum().item()).toBeGreaterThan(0);
  model.dispose();
});

describe('generation', () => {
  const model = new GPT(small).eval();

  test('greedy generation is the argmax of the whole sequence each time', async () => {
    const { tokens: made, finishReason } = await complete(model, [4, 2], { maxNewTokens: 6, temperature: 0 });
    const sequence = [4, 2];
    for (const token of made) {
      const logits = model.forward(tensor([sequence], { dtype: 'int64' }));
      expect(
        await logits
          .narrow(1, sequence.length - 1, 1)
          .argmax()
          .item(),
      ).toBe(token);
      sequence.push(token);
    }
    expect(made).toHaveLength(6);
    expect(finishReason).toBe('length');
  });

  test('the same seed gives the same tokens, another seed others', async () => {
    const run = async (seed: number) => (await complete(model, [1], { maxNewTokens: 11, seed })).tokens;
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  test('it ends at a stop token, at the context length, and by the signal', async () => {
    const greedy = await complete(model, [4, 2], { maxNewTokens: 6, temperature: 0 });
    const stop = [greedy.tokens[0] ?? 0];
    expect(await complete(model, [4, 2], { maxNewTokens: 6, temperature: 0, stop })).toEqual({
      tokens: [],
      finishReason: 'stop',
    });
    expect((await complete(model, [4, 2], { maxNewTokens: 100 })).tokens.length).toBe(12 - 2 + 1);
    const signal = AbortSignal.abort();
    expect((await complete(model, [4, 2], { maxNewTokens: 5, signal })).finishReason).toBe('aborted');
  });

  test.each([[[]], [[13]], [[-1]], [[1.5]], [Array(13).fill(1)]])('the prompt %j is refused', async (prompt) => {
    await expect(generate(model, prompt, { maxNewTokens: 1 }).next()).rejects.toThrow();
  });
});

describe('directories', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gptorch-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each(forms)('a saved %s model comes back with equal logits, in evaluation mode', async (_name, config) => {
    const model = new GPT(config, { seed: 5 }).eval();
    await model.save(folder);
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors']);
    const loaded = await GPT.load(folder);
    expect(loaded.training).toBe(false);
    expect(await loaded.forward(batch()).toArray()).toEqual(await model.forward(batch()).toArray());
  });

  test('a truncated, foreign or other model’s file is refused with its name', async () => {
    const path = join(folder, 'model.safetensors');
    await new GPT(small).save(folder);
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...small, model_type: 'gptorch', layers: 3 }));
    await expect(GPT.load(folder)).rejects.toThrow(/tensor transformer.h.2.ln_1.weight is missing/);
    await truncate(path, 5000);
    await expect(GPT.load(folder)).rejects.toThrow(/cut short/);
    await writeFile(path, 'hello');
    await expect(GPT.load(folder)).rejects.toThrow(InputError);
    await rm(path);
    await expect(GPT.load(folder)).rejects.toThrow(/no model directory, model.safetensors is missing/);
  });
});

describe('computed in bfloat16', () => {
  const weights = { ...small, width: 16, vocabSize: 29 };
  const logits = (model: GPT) => noGrad(() => model.forward(batch())).toArray();

  test.each(forms)(
    'what a model of the form %s computes is what autocast gives, and nearly what float32 gives',
    async (_name, form) => {
      const [exact, rounded] = (['float32', 'bfloat16'] as const).map((dtype) =>
        new GPT({ ...form, width: 16 }, { dtype }).eval(),
      );
      if (!exact || !rounded) throw new Error('two models are made');
      const [found, wanted, float32] = [
        await logits(rounded),
        await noGrad(() => autocast('bfloat16', () => exact.forward(batch()))).toArray(),
        await logits(exact),
      ].map((values) => Array.from(values, Number));
      expect(found).toEqual(wanted);
      expect(found).not.toEqual(float32);
      const largest = Math.max(...(float32 ?? []).map(Math.abs));
      for (const [i, value] of (found ?? []).entries())
        expect(Math.abs(value - (float32?.[i] ?? 0)) / largest).toBeLessThan(0.05);

      const targets = tensor([[...tokens.slice(1), -100]], { dtype: 'int64' });
      const loss = await rounded.loss(batch(), targets).item();
      expect(loss).toBe(await autocast('bfloat16', () => exact.loss(batch(), targets)).item());
      expect(rounded.namedParameters().every(([, { dtype }]) => dtype === 'float32')).toBe(true);
      exact.dispose();
      rounded.dispose();
    },
  );

  test('it generates with bfloat16 weights, unless the decoder has others', async () => {
    const settings = [
      { dtype: 'bfloat16' },
      { decoder: { weights: 'bfloat16' } },
      {},
      { dtype: 'bfloat16', decoder: { weights: 'float32' } },
    ] as const;
    const [found, wanted, float32, own] = await Promise.all(
      settings.map(async (options) => {
        const model = new GPT(weights, options);
        const { logProbs } = await model.complete(tokens, { maxNewTokens: 2, temperature: 0, logProbs: true });
        model.dispose();
        return logProbs;
      }),
    );
    expect(found).toEqual(wanted);
    expect(found).not.toEqual(float32);
    expect(own).toEqual(float32);
  });
});

describe('a new GPT-2', () => {
  const wide: GPTConfigInput = { ...small, layers: 8, width: 64, initStd: 0.02 };
  const std = async (value: Tensor) => Math.sqrt(await value.pow(2).mean().item());

  test('has residual branches whose weights are √(2 · layers) smaller; GPT-1 has not', async () => {
    for (const [form, scale] of [
      ['pre', 1 / 4],
      ['post', 1],
    ] as const) {
      // biome-ignore format: one line
      const model = new GPT({ ...wide, normPosition: form });
      const block = model.blocks[3];
      for (const name of ['attn.c_proj.weight', 'mlp.c_proj.weight', 'attn.c_attn.weight', 'mlp.c_fc.weight']) {
        const weight = block?.parameter(name) ?? expect.fail(name);
        // 4,096 draws or more: the standard error is 1.2 %.
        expect((await std(weight)) / 0.02).toBeCloseTo(name.includes('c_proj') ? scale : 1, 1);
      }
      model.dispose();
    }
  });

  test('has the weights of seed 0 where no seed is given', async () => {
    const [model, same, other] = [new GPT(small), new GPT(small, { seed: 0 }), new GPT(small, { seed: 1 })];
    const [first, second, third] = await Promise.all([model, same, other].map((each) => each.outputWeight.toArray()));
    expect(first).toEqual(second);
    expect(first).not.toEqual(third);
    for (const each of [model, same, other]) each.dispose();
  });

  test('has the configured epsilon in its last norm too', async () => {
    const model = new GPT({ ...small, layerNormEps: 3 });
    const input = tensor([[1, -1, 1, -1, 1, -1, 1, -1]]);
    expect(Array.from((await model.finalNorm?.forward(input).toArray()) ?? [], Number)).toEqual(
      [1, -1, 1, -1, 1, -1, 1, -1].map((value) => value / 2),
    );
    model.dispose();
  });
});

test('a frozen model goes on from its cache, which is never longer than the context', async () => {
  const model = new GPT({ ...small, layers: 3 }).eval().freeze(1);
  const whole = await model.hidden(batch()).toArray();
  const cache = model.makeCache();
  const parts = [tokens.slice(0, 6), tokens.slice(6)].map((chunk) =>
    noGrad(() => model.hidden(tensor([chunk], { dtype: 'int64' }), { cache })).toArray(),
  );
  const found = (await Promise.all(parts)).flatMap((part) => Array.from(part, Number));
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(Number(whole[i]), 4);
  expect(() => model.makeCache({ capacity: 13 })).toThrow('cache capacity must be within 1 and 12');
  model.dispose();
});

test('score and beamSearch drop nothing, and leave the mode as it was', async () => {
  const dropouts = { embeddingDropout: 0.5, attentionDropout: 0.5, residualDropout: 0.5 };
  const model = new GPT({ ...small, ...dropouts });
  const run = async () => [await score(model, tokens), await beamSearch(model, [1, 5], { beams: 2, maxNewTokens: 3 })];
  const found = await run();
  expect(model.training).toBe(true);
  model.eval();
  expect(await run()).toEqual(found);
  expect(model.training).toBe(false);
  model.dispose();
});
