import { afterAll, describe, expect, test } from 'vitest';
import { ArgumentError, DecoderFullError, DecoderTimeoutError, DisposedError } from '../../../lib/errors.js';
import {
  AdamW,
  type Completion,
  type DecoderOptions,
  engine,
  GPT,
  type SamplesOptions,
  tensor,
  type WeightFormat,
} from '../../../lib/index.js';
import { config, forms, prompt, VOCABULARY } from './forms.js';

/** Every token's log-probability at each place. */
const whole = { maxNewTokens: 12, topLogProbs: VOCABULARY, logProbs: true } as const;

const prompts = [3, 70, 33, 1, 64, 100, 31, 95].map((length, i) => prompt(i, length));

function largestDifference(a: readonly Completion[], b: readonly Completion[]): number {
  const values = (completions: readonly Completion[]) =>
    completions.flatMap(({ topLogProbs = [] }) =>
      topLogProbs.map((top) => [...top].sort((x, y) => x.token - y.token).map(({ logProb }) => logProb)),
    );
  const [left, right] = [values(a).flat(), values(b).flat()];
  expect(left.length).toBe(right.length);
  return Math.max(...left.map((value, i) => Math.abs(value - (right[i] ?? Number.NaN))));
}

describe.each(['gptorch', 'torch'] as const)('kernels of %s', (kernels) => {
  describe.each(Object.entries(forms))('%s', (_, form) => {
    const alone = async (decoder: DecoderOptions) => {
      const completions: Completion[] = [];
      for (const each of prompts) {
        const model = new GPT({ ...config, ...form }, { decoder });
        completions.push(await model.complete(each, { ...whole, temperature: 0 }));
        model.dispose();
      }
      return completions;
    };
    const together = async (decoder: DecoderOptions, options: Partial<SamplesOptions> = {}) => {
      const model = new GPT({ ...config, ...form }, { decoder });
      const run = (each: readonly number[]) => model.complete(each, { ...whole, temperature: 0, ...options });
      // The prompts' beginnings are kept for the second time.
      await Promise.all(prompts.map((each) => run(each.slice(0, 64))));
      const completions = await Promise.all(prompts.map(run));
      expect(model.decoder.stats()).toMatchObject({ running: 0, waiting: 0, cache: { used: 0 } });
      expect(model.decoder.stats().cachedTokens).toBeGreaterThan(0);
      model.dispose();
      return completions;
    };

    test('whatever shares the batch moves logits by rounding alone', async () => {
      const expected = await alone({ kernels });
      const largest = Math.max(...expected.flatMap(({ logProbs = [] }) => logProbs.map(Math.abs)), 1);
      expect(largestDifference(await together({ kernels }), expected)).toBeLessThanOrEqual(1e-5 * largest);
    });

    test('and with batchInvariant not by a bit, nor does how the prompt is cut', async () => {
      const expected = await alone({ kernels, batchInvariant: true });
      const settings = { kernels, batchInvariant: true, stepTokens: 40 };
      expect(largestDifference(await together(settings, { prefillChunk: 17 }), expected)).toBe(0);
    });
  });
});

describe.each(['float32', 'bfloat16', 'int8'] as const)('weights in %s', (weights) => {
  test.each(Object.entries(forms))('%s: our kernels give what torch gives', async (_, form) => {
    const states = await Promise.all(
      (['gptorch', 'torch'] as const).map(async (kernels) => {
        const model = new GPT({ ...config, ...form }, { decoder: { kernels, weights } });
        const hidden = await model.decoder.embed(prompt(3, 50));
        model.dispose();
        return hidden;
      }),
    );
    const [ours, torch] = states.map((each) => Array.from(each ?? []));
    const scale = Math.max(...(torch ?? []).map(Math.abs));
    ours?.forEach((value, i) => {
      expect(Math.abs(value - (torch?.[i] ?? Number.NaN))).toBeLessThanOrEqual(1e-5 * scale);
    });
  });
});

describe('what was computed before', () => {
  const model = new GPT(config, { decoder: { kernels: 'gptorch' } });
  afterAll(() => model.dispose());

  test("a chat's next turn computes its new tokens alone", async () => {
    let history = prompt(1, 40);
    for (let turn = 0; turn < 3; turn++) {
      const before = model.decoder.stats();
      const { tokens } = await model.complete(history, { maxNewTokens: 20, temperature: 0 });
      const { promptTokens, cachedTokens } = model.decoder.stats();
      expect(promptTokens - before.promptTokens).toBe(history.length);
      const computed = history.length - (cachedTokens - before.cachedTokens);
      // What was not computed were whole blocks of 32; the last token of an answer has not been computed.
      if (turn > 0) expect(computed).toBeLessThanOrEqual(5 + 1 + 31);
      const fresh = new GPT(config);
      expect((await fresh.complete(history, { maxNewTokens: 20, temperature: 0 })).tokens).toEqual(tokens);
      fresh.dispose();
      history = [...history, ...tokens, ...prompt(turn, 5)];
    }
  });

  test('samples compute the prompt once, however many have a place', async () => {
    const other = new GPT(config, { decoder: { maxRunning: 3 } });
    const options = { ...whole, n: 8, seed: 3 };
    const all = await other.completions(prompt(9, 45), options);
    expect(other.decoder.stats()).toMatchObject({ promptTokens: 45, cachedTokens: 0, generatedTokens: 8 * 12 });
    const roomy = new GPT(config);
    expect(await roomy.completions(prompt(9, 45), options)).toEqual(all);
    for (const each of [other, roomy]) each.dispose();
  });

  test('is forgotten when a weight changes', async () => {
    const trained = new GPT(config);
    const run = (each: GPT) => each.complete(prompt(2, 70), { ...whole, temperature: 0 });
    const before = await run(trained);
    const optimizer = new AdamW(trained.namedParameters(), { lr: 0.1 });
    const loss = trained.loss(tensor([prompt(1, 20)], { dtype: 'int64' }), tensor([prompt(2, 20)], { dtype: 'int64' }));
    loss.backward();
    optimizer.step();
    const after = await run(trained);
    expect(largestDifference([after], [before])).toBeGreaterThan(0.1);
    const copy = new GPT(config);
    const originals = new Map(trained.namedParameters());
    for (const [name, parameter] of copy.namedParameters()) parameter.copyFrom(originals.get(name) ?? parameter);
    expect(await run(copy)).toEqual(after);
    expect(trained.decoder.stats().cachedTokens).toBe(0);
    for (const each of [trained, copy]) each.dispose();
  });
});

describe('limits', () => {
  test('where the cache is full the youngest gives way, and its text stays the same', async () => {
    const requests = prompts.map((each, i) => [each, { maxNewTokens: 40, seed: i }] as const);
    const roomy = new GPT(config);
    const expected: Completion[] = [];
    for (const [each, options] of requests) expected.push(await roomy.complete(each, options));
    const tight = new GPT(config, { decoder: { cacheTokens: 160 } });
    const run = ([each, options]: (typeof requests)[number]) => tight.complete(each, options);
    expect(await Promise.all(requests.map(run))).toEqual(expected);
    expect(tight.decoder.stats().preemptions).toBeGreaterThan(0);
    expect(tight.decoder.stats().cache).toMatchObject({ limit: 160, used: 0 });
    for (const each of [roomy, tight]) each.dispose();
  });

  test('a request too many fails at once and changes nothing', async () => {
    const model = new GPT(config, { decoder: { maxRunning: 2, maxWaiting: 3 } });
    const controller = new AbortController();
    const endless = { maxNewTokens: 1e9, whenFull: 'slide', signal: controller.signal } as const;
    const accepted = Array.from({ length: 5 }, () => model.complete([1], endless));
    await expect(model.complete([1], endless)).rejects.toThrow(DecoderFullError);
    await expect(model.decoder.embed([1])).rejects.toMatchObject({ code: 'ERR_DECODER_FULL' });
    controller.abort();
    for (const { finishReason } of await Promise.all(accepted)) expect(finishReason).toBe('aborted');
    expect((await model.complete([1], { maxNewTokens: 5 })).tokens).toHaveLength(5);
    model.dispose();
  });

  test('clients take turns, whoever came first', async () => {
    const model = new GPT(config, { decoder: { maxRunning: 1 } });
    const order: string[] = [];
    const run = async (client: string) => {
      await model.complete([1], { maxNewTokens: 3, client });
      order.push(client);
    };
    // Holds the only place until all others are waiting, however fast the engine is.
    const controller = new AbortController();
    const holder = { maxNewTokens: 1e9, whenFull: 'slide', client: 'busy', signal: controller.signal } as const;
    const held = model.complete([1], holder);
    const others = [...Array.from({ length: 6 }, () => run('busy')), run('late')];
    controller.abort();
    await Promise.all([held, ...others]);
    expect(order.indexOf('late')).toBeLessThanOrEqual(2);
    model.dispose();
  });

  test('time: a text ends with what it has, what has not begun fails', async () => {
    const model = new GPT(config, { decoder: { maxRunning: 1 } });
    const endless = { maxNewTokens: 1e9, whenFull: 'slide' } as const;
    const running = model.complete([1], { ...endless, timeout: 400 });
    const waiting = [{ waitTimeout: 50 }, { timeout: 50 }].map((limit) =>
      model.complete([2], { ...endless, ...limit }),
    );
    const embedding = model.decoder.embed([3], { waitTimeout: 50 });
    for (const each of [...waiting, embedding]) await expect(each).rejects.toThrow(DecoderTimeoutError);
    const { tokens, finishReason } = await running;
    expect(finishReason).toBe('timeout');
    expect(tokens.length).toBeGreaterThan(0);
    expect(model.decoder.stats()).toMatchObject({ running: 0, waiting: 0, cache: { used: 0 } });
    model.dispose();
  });

  test.each<[DecoderOptions, RegExp]>([
    [{ maxRunning: 0 }, /maxRunning/],
    [{ maxWaiting: -1 }, /maxWaiting/],
    [{ stepTokens: 1.5 }, /stepTokens/],
    [{ cacheTokens: 159 }, /cacheTokens must be within 160/],
    [{ weights: 'float8' as WeightFormat }, /weights/],
    [{ batchInvariant: 'yes' as unknown as boolean }, /batchInvariant/],
    [{ kernels: 'fast' as 'torch' }, /kernels must be gptorch or torch/],
  ])('%j is refused', (decoder, message) => {
    expect(() => new GPT(config, { decoder })).toThrow(ArgumentError);
    expect(() => new GPT(config, { decoder })).toThrow(message);
  });
});

describe('what a request asks for', () => {
  const model = new GPT(config);
  afterAll(() => model.dispose());

  test('the most probable tokens of each place, the chosen one among them', async () => {
    const options = { maxNewTokens: 6, temperature: 0, logProbs: true, topLogProbs: 4 };
    const { tokens, logProbs = [], topLogProbs = [] } = await model.complete(prompt(5, 9), options);
    for (const [i, top] of topLogProbs.entries()) {
      expect(top).toHaveLength(4);
      expect(top[0]).toEqual({ token: tokens[i], logProb: logProbs[i] });
      expect(top.map(({ logProb }) => logProb)).toEqual(top.map(({ logProb }) => logProb).sort((a, b) => b - a));
    }
    const all = await model.complete(prompt(5, 9), { maxNewTokens: 1, topLogProbs: 100 });
    const probabilities = (all.topLogProbs?.[0] ?? []).map(({ logProb }) => Math.exp(logProb));
    expect(probabilities).toHaveLength(VOCABULARY);
    expect(probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
    await expect(model.complete([1], { maxNewTokens: 1, topLogProbs: 101 })).rejects.toThrow(ArgumentError);
  });

  test('the same seed gives the same text, whatever shares the batch', async () => {
    const options = { maxNewTokens: 30, temperature: 1.3, topK: 20, topP: 0.9, repetitionPenalty: 1.2 };
    const run = (i: number) => model.complete(prompts[i % prompts.length] ?? [], { ...options, seed: i % 10 });
    const together = await Promise.all(Array.from({ length: 24 }, (_, i) => run(i)));
    for (const [i, completion] of together.entries()) expect(await run(i)).toEqual(completion);
  });

  test("the last token's hidden state, beside generations", async () => {
    const beside = model.complete([1], { maxNewTokens: 60 });
    const tokens = prompt(4, 90);
    const hidden = await model.decoder.embed(tokens);
    await beside;
    const expected = await model
      .eval()
      .hidden(tensor([tokens], { dtype: 'int64' }))
      .narrow(1, tokens.length - 1, 1)
      .toArray();
    expect(hidden).toBeInstanceOf(Float32Array);
    expect(hidden).toHaveLength(config.width);
    hidden.forEach((value, i) => {
      expect(value).toBeCloseTo(Number(expected[i]), 4);
    });
  });

  test('an embedding that is aborted fails with the reason', async () => {
    const controller = new AbortController();
    const embedding = model.decoder.embed(prompt(4, 90), { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(embedding).rejects.toThrow('enough');
    await expect(model.decoder.embed([1], { signal: controller.signal })).rejects.toThrow('enough');
    await expect(model.decoder.embed([])).rejects.toThrow(ArgumentError);
    await engine.idle();
    await engine.idle();
    expect(model.decoder.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('of a decoder that was disposed of, an error', async () => {
    // One place: the others are still waiting when the decoder goes.
    const other = new GPT(config, { decoder: { maxRunning: 1 } });
    const running = [
      other.complete([1], { maxNewTokens: 1e9, whenFull: 'slide' }),
      other.completions([1], { maxNewTokens: 1e9, whenFull: 'slide', n: 5 }),
    ];
    other.decoder.dispose();
    for (const each of running) await expect(each).rejects.toThrow(DisposedError);
    await expect(other.complete([1], { maxNewTokens: 1 })).rejects.toThrow(DisposedError);
    expect(other.decoder.stats().cache).toMatchObject({ allocated: 0, used: 0, kept: 0 });
    other.dispose();
  });
});
