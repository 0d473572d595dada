import { afterEach, describe, expect, test } from 'vitest';
import { addon } from '../../lib/addon/index.js';
import { type Completion, DisposedError, engine, GPT, OutOfMemoryError, Random } from '../../lib/index.js';
import { patience, size } from './forms.js';

const { failAllocations } = addon.engine;
const config = { vocabSize: 11, contextLength: 48, layers: 2, heads: 2, width: 16, initStd: 0.5 } as const;
const endless = { maxNewTokens: 1e9, whenFull: 'slide' } as const;

afterEach(() => {
  failAllocations(0, 0);
  engine.setMemoryBudget(0);
});

/** All is given back: what still runs of cancelled requests ends with the step that is queued. */
async function expectIdle(model: GPT): Promise<void> {
  await engine.idle();
  await engine.idle();
  expect(engine.queued).toBe(0);
  expect(model.decoder.stats()).toMatchObject({ running: 0, waiting: 0, cache: { used: 0 } });
}

test('thousands of aborted requests leave no block behind', { timeout: patience }, async () => {
  const model = new GPT(config, { decoder: { cacheTokens: 500, maxRunning: 20 } });
  const random = new Random(5);
  const abandon = async (i: number) => {
    const controller = new AbortController();
    const prompt = Array.from({ length: 1 + random.nextInt(40) }, (_, j) => j % 2);
    const n = i % 7 === 0 ? 5 : 1;
    const stream = model.stream(prompt, { ...endless, n, client: `${i % 3}`, signal: controller.signal });
    const steps = random.nextInt(6);
    if (i % 4 === 0) setTimeout(() => controller.abort(), random.nextInt(10));
    for (let step = 0; step < steps; step++) if ((await stream.next()).done) break;
    if (i % 2 === 0) controller.abort();
    await stream.return([]);
  };
  const rounds = size({ short: 15, long: 500 });
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 200 }, (_, i) => abandon(200 * round + i)));
  }
  await expectIdle(model);
  const { promptTokens, cachedTokens, preemptions } = model.decoder.stats();
  expect(promptTokens).toBeGreaterThan(0);
  expect(cachedTokens).toBeGreaterThan(0);
  expect(preemptions).toBeGreaterThan(0);
  model.dispose();
});

describe.each(['gptorch', 'torch'] as const)('out of memory, kernels of %s', (kernels) => {
  const requests = Array.from({ length: 10 }, (_, i) => ({
    prompt: Array.from({ length: 1 + 4 * i }, (_, j) => (i * j + j * j) % config.vocabSize),
    options: { maxNewTokens: 30, seed: i, whenFull: 'slide', logProbs: i % 2 === 0, n: i % 4 === 1 ? 3 : 1 } as const,
  }));
  const tokens = (all: Completion[][]) => all.map((each) => each.map((completion) => completion.tokens));

  test('in the middle of steps changes no text, or fails requests one by one', { timeout: patience }, async () => {
    const model = new GPT(config, { decoder: { kernels } });
    const run = () => Promise.all(requests.map(({ prompt, options }) => model.completions(prompt, options)));
    const expected = tokens(await run());
    let failed = 0;
    const settings = size({ short: 12, long: 200 });
    for (let i = 0; i < settings; i++) {
      // Few failures are made good by trying again, and by fewer sequences at once; many fail somebody.
      failAllocations(37 * i, [1, 2, 3, 40][i % 4] ?? 0);
      const outcomes = await Promise.allSettled(
        requests.map(({ prompt, options }) => model.completions(prompt, options)),
      );
      failAllocations(0, 0);
      for (const [j, outcome] of outcomes.entries()) {
        if (outcome.status === 'rejected') {
          expect(outcome.reason).toBeInstanceOf(OutOfMemoryError);
          failed++;
        } else {
          expect(outcome.value.map((completion) => completion.tokens)).toEqual(expected[j]);
        }
      }
    }
    expect(failed).toBeLessThan((settings * requests.length) / 2);
    expect(tokens(await run())).toEqual(expected);
    await expectIdle(model);
    model.dispose();
  });

  test('no room for the cache to grow: fewer run at once', async () => {
    const model = new GPT({ ...config, width: 128 }, { decoder: { kernels } });
    const run = () => Promise.all(requests.map(({ prompt, options }) => model.completions(prompt, options)));
    await model.complete([1], { maxNewTokens: 1 });
    await engine.idle();
    const small = model.decoder.stats().cache.allocated;
    engine.trimMemory();
    engine.setMemoryBudget(engine.memory().allocated + 2 ** 19);
    const limited = tokens(await run());
    expect(model.decoder.stats().cache.allocated).toBe(small);
    engine.setMemoryBudget(0);
    expect(tokens(await run())).toEqual(limited);
    expect(model.decoder.stats().cache.allocated).toBeGreaterThan(small);
    await expectIdle(model);
    model.dispose();
  });
});

test('a model that is disposed of in mid-text fails all of its requests and no others', async () => {
  const [model, other] = [new GPT(config), new GPT(config)];
  const kept = other.complete([1], { maxNewTokens: 40 });
  const running = Array.from({ length: 20 }, (_, i) => model.completions([i % 11], { ...endless, n: 1 + (i % 3) }));
  await model.generate([3], endless).next();
  model.dispose();
  for (const { status, reason } of (await Promise.allSettled(running)) as PromiseRejectedResult[]) {
    expect([status, reason]).toEqual(['rejected', expect.any(DisposedError)]);
  }
  expect((await kept).tokens).toHaveLength(40);
  await engine.idle();
  expect(engine.queued).toBe(0);
  other.dispose();
});
