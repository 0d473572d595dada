import { afterAll, describe, expect, test } from 'vitest';
import { ArgumentError, DisposedError, EngineError } from '../../../lib/errors.js';
import {
  AdamW,
  type Completion,
  engine,
  type GeneratedToken,
  GPT,
  type SamplesOptions,
  score,
  tensor,
} from '../../../lib/index.js';

const config = {
  vocabSize: 17,
  contextLength: 16,
  layers: 2,
  heads: 2,
  width: 8,
  // Logits far apart: rounding chooses no other token.
  initStd: 0.5,
} as const;
const forms = {
  'pre-norm': {},
  'post-norm': { normPosition: 'post' },
  'untied output': { tiedEmbedding: false },
  'a window': { attentionWindow: 3 },
} as const;
const PROMPT = [3, 1, 4, 1, 5, 9];

describe.each(Object.entries(forms))('%s', (_, form) => {
  const model = new GPT({ ...config, ...form });
  afterAll(() => model.dispose());

  test('a prompt in chunks gives what a whole one gives', async () => {
    const options = { maxNewTokens: 10, temperature: 0, logProbs: true };
    const whole = await model.complete(PROMPT, options);
    const chunked = await model.complete(PROMPT, { ...options, prefillChunk: 4 });
    expect(chunked.tokens).toEqual(whole.tokens);
    chunked.logProbs?.forEach((logProb, i) => {
      expect(logProb).toBeCloseTo(whole.logProbs?.[i] ?? Number.NaN, 4);
    });
  });

  test('log-probabilities are those of the model, whatever filters the choice', async () => {
    const options = { maxNewTokens: 8, temperature: 2, topK: 5, repetitionPenalty: 1.5, logProbs: true, seed: 4 };
    const { tokens, logProbs } = await model.complete(PROMPT, options);
    const expected = await score(model, [...PROMPT, ...tokens]);
    expect(logProbs).toHaveLength(8);
    logProbs?.forEach((logProb, i) => {
      expect(logProb).toBeCloseTo(expected.logProbs[PROMPT.length - 1 + i] ?? Number.NaN, 4);
    });
  });

  test('past the context it stops, or goes on with the newest half', async () => {
    const options = { maxNewTokens: 40, temperature: 0 };
    const stopped = await model.complete(PROMPT, options);
    expect(stopped.tokens).toHaveLength(config.contextLength - PROMPT.length + 1);
    expect(stopped.finishReason).toBe('length');
    const slid = await model.complete(PROMPT, { ...options, whenFull: 'slide' });
    expect(slid.tokens).toEqual(await slidingArgmax(model, PROMPT, 40));
  });

  test('continuations share the prompt and nothing else', async () => {
    const options = { maxNewTokens: 9, seed: 5 };
    const all = await model.completions(PROMPT, { ...options, n: 4 });
    expect(all.map(({ tokens }) => tokens.length)).toEqual([9, 9, 9, 9]);
    expect(new Set(all.map(({ tokens }) => tokens.join())).size).toBe(4);
    expect(await model.complete(PROMPT, options)).toEqual(all[0]);
    // Each ends by itself; the others do not notice.
    const stop = [all[1]?.tokens[2] ?? 0, all[3]?.tokens[5] ?? 0];
    const stopped = await model.completions(PROMPT, { ...options, n: 4, stop });
    for (const [sample, { tokens, finishReason }] of stopped.entries()) {
      const whole = all[sample]?.tokens ?? [];
      const end = whole.findIndex((token) => stop.includes(token));
      expect(tokens).toEqual(end < 0 ? whole : whole.slice(0, end));
      expect(finishReason).toBe(end < 0 ? 'length' : 'stop');
    }
  });
});

/** By whole forward passes, the rule spelled out: a full context keeps its newest half, the new token included. */
async function slidingArgmax(model: GPT, prompt: readonly number[], count: number): Promise<number[]> {
  const { contextLength } = model.config;
  const made: number[] = [];
  let context = [...prompt];
  while (made.length < count) {
    if (context.length > contextLength) context = context.slice(-contextLength / 2);
    const logits = model.eval().forward(tensor([context], { dtype: 'int64' }));
    const token = await logits
      .narrow(1, context.length - 1, 1)
      .argmax()
      .item();
    made.push(token);
    context.push(token);
  }
  return made;
}

describe('on the engine', () => {
  const model = new GPT(config);
  afterAll(() => model.dispose());
  const endless: SamplesOptions = { maxNewTokens: 1e9, whenFull: 'slide', seed: 1 };

  test('other work takes turns with a generation', async () => {
    const controller = new AbortController();
    const running = model.complete([1], { ...endless, signal: controller.signal });
    const optimizer = new AdamW(model.namedParameters(), { lr: 0 });
    for (let step = 0; step < 3; step++) {
      const loss = model.loss(tensor([[1, 2]], { dtype: 'int64' }), tensor([[2, 3]], { dtype: 'int64' }));
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      expect(await loss.item()).toBeGreaterThan(0);
      loss.dispose();
    }
    expect((await model.complete([2], { maxNewTokens: 3 })).tokens).toHaveLength(3);
    controller.abort();
    const { tokens, finishReason } = await running;
    expect(finishReason).toBe('aborted');
    expect(tokens.length).toBeGreaterThan(3);
  });

  test('generations side by side give what each gives alone', async () => {
    const seeds = [1, 2, 3, 4, 5];
    const run = (seed: number) => model.complete(PROMPT, { maxNewTokens: 30, whenFull: 'slide', seed });
    const together = await Promise.all(seeds.map(run));
    for (const [i, seed] of seeds.entries()) expect(await run(seed)).toEqual(together[i]);
  });

  test('an aborted one is gone after its step, and gives nothing more', async () => {
    const controller = new AbortController();
    const stream = model.generate(PROMPT, { ...endless, signal: controller.signal });
    for (let i = 0; i < 3; i++) expect((await stream.next()).done).toBe(false);
    controller.abort();
    expect(await stream.next()).toEqual({ done: true, value: 'aborted' });
    await engine.idle();
    expect(engine.queued).toBe(0);
  });

  test('so is one whose loop is left', async () => {
    for await (const { sample } of model.stream(PROMPT, { ...endless, n: 3 })) {
      if (sample === 2) break;
    }
    await engine.idle();
    await engine.idle();
    expect(engine.queued).toBe(0);
  });

  test('a text of several ends where isLast says so, and all together when the last one does', async () => {
    const isLast = ({ token }: GeneratedToken) => token > 8;
    const completions = await model.completions(PROMPT, { ...endless, n: 4, isLast });
    for (const { tokens, finishReason } of completions) {
      expect(tokens.findIndex((token) => token > 8)).toBe(tokens.length - 1);
      expect(finishReason).toBe('stop');
    }
    const options = { maxNewTokens: 3, seed: 1, n: 2, isLast: ({ sample }: GeneratedToken) => sample === 1 };
    const [whole, first] = await model.completions(PROMPT, options);
    expect([whole?.tokens.length, whole?.finishReason]).toEqual([3, 'length']);
    expect([first?.tokens.length, first?.finishReason]).toEqual([1, 'stop']);
  });

  test('a model disposed of in mid-text ends it with an error', async () => {
    const other = new GPT(config);
    const stream = other.generate(PROMPT, endless);
    await stream.next();
    other.dispose();
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow(DisposedError);
  });

  test.each<Partial<SamplesOptions>>([
    { maxNewTokens: 0 },
    { maxNewTokens: 1.5 },
    { n: 0 },
    { n: 2.5 },
    { seed: -1 },
    { seed: 0.5 },
    { temperature: -1 },
    { minP: 2 },
    { prefillChunk: 0 },
    { stop: [0.5] },
  ])('%j is refused', async (wrong) => {
    await expect(model.stream(PROMPT, { maxNewTokens: 1, ...wrong }).next()).rejects.toThrow(ArgumentError);
  });
});

describe.each(['gptorch', 'torch'] as const)('with the kernels of %s', (kernels) => {
  const BAD = 16;

  /** torch's products round by the size of the batch. */
  function expectSame(found: Completion[], expected: Completion[]) {
    if (kernels === 'gptorch') return expect(found).toEqual(expected);
    const tops = ({ topLogProbs = [] }: Completion) => topLogProbs.flat();
    expect(found.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
    expect(found.map(({ finishReason }) => finishReason)).toEqual(expected.map(({ finishReason }) => finishReason));
    const exact = expected.flatMap(tops);
    for (const [i, { token, logProb }] of found.flatMap(tops).entries()) {
      expect(token).toBe(exact[i]?.token);
      expect(logProb).toBeCloseTo(exact[i]?.logProb ?? Number.NaN, 4);
    }
  }

  test('a text that isLast ends is computed no further, and the others do not notice by a bit', async () => {
    const model = new GPT(config, { decoder: { kernels, batchInvariant: true } });
    const options = { seed: 1, n: 5, logProbs: true, whenFull: 'slide' } as const;
    const lengths = [3, 1e9, 1, 7, 7];
    const made = lengths.map((): GeneratedToken[] => []);
    const isLast = ({ sample }: GeneratedToken) => made[sample]?.length === lengths[sample];
    for await (const token of model.stream(PROMPT, { ...options, maxNewTokens: 1e9, isLast })) {
      made[token.sample]?.push(token);
      if (model.decoder.stats().running === 1) break;
    }
    const most = made[1]?.length ?? 0;
    expect(made.map(({ length }) => length)).toEqual([3, most, 1, 7, 7]);
    const all = await model.completions(PROMPT, { ...options, maxNewTokens: most });
    for (const [sample, tokens] of made.entries()) {
      expect(tokens.map(({ token }) => token)).toEqual(all[sample]?.tokens.slice(0, tokens.length));
      expect(tokens.map(({ logProb }) => logProb)).toEqual(all[sample]?.logProbs?.slice(0, tokens.length));
    }
    model.dispose();
  });

  test('a text without finite logits fails alone, and leaves nothing behind', async () => {
    const model = new GPT({ ...config, tiedEmbedding: false }, { seed: 2, decoder: { kernels, cacheTokens: 64 } });
    const weight = model.embedding.parameter('wte.weight');
    const values = (await weight.toArray()) as Float32Array;
    values.fill(Number.NaN, BAD * config.width, (BAD + 1) * config.width);
    weight.copyFrom(tensor(values, { shape: [config.vocabSize, config.width] }));
    const run = (prompt: number[], temperature: number) =>
      model.complete(prompt, { maxNewTokens: 8, seed: 7, temperature, stop: [BAD], topLogProbs: 2 });
    const good = [PROMPT, [2], [7, 8]];
    const alone = [];
    for (const prompt of good) alone.push(await run(prompt, 1));
    for (const temperature of [0, 1]) {
      const bad = model.completions([5, BAD, 5], { maxNewTokens: 4, n: 3, temperature, logProbs: true });
      const beside = Promise.all(good.map((prompt) => run(prompt, 1)));
      await expect(bad).rejects.toThrow(EngineError);
      await expect(bad).rejects.toThrow('logits for this text are not finite');
      expectSame(await beside, alone);
      // Blocks that held what is not a number are used again.
      expectSame(await Promise.all([...good, ...good].map((prompt) => run(prompt, 1))), [...alone, ...alone]);
    }
    expect(model.decoder.stats()).toMatchObject({ waiting: 0, running: 0 });
    model.dispose();
  });
});
