import { describe, expect, test } from 'vitest';
import { ArgumentError } from '../../../lib/errors.js';
import { filterLogits, Generator, type SamplingOptions, sample, tensor } from '../../../lib/index.js';

const PROBABILITIES = [0.4, 0.25, 0.15, 0.1, 0.06, 0.04];
const DRAWS = 20_000;

/** How often each token is drawn from PROBABILITIES. */
async function count(options: SamplingOptions): Promise<number[]> {
  const logits = tensor([PROBABILITIES.map(Math.log)]).expand(DRAWS, PROBABILITIES.length);
  const tokens = await sample(logits, { ...options, generator: new Generator(11) }).toArray();
  const counts = PROBABILITIES.map(() => 0);
  for (const token of tokens) counts[Number(token)] = (counts[Number(token)] ?? 0) + 1;
  return counts;
}

/** Pearson's statistic over the tokens that can come. */
function chiSquared(counts: readonly number[], probabilities: readonly number[]): number {
  const sum = probabilities.reduce((total, p) => total + p, 0);
  return probabilities.reduce((statistic, p, token) => {
    const expected = (DRAWS * p) / sum;
    return statistic + (p === 0 ? 0 : ((counts[token] ?? 0) - expected) ** 2 / expected);
  }, 0);
}

/** What a true sampler passes in one of 1,000 runs, by degrees of freedom. The seed is fixed, so this run is always the same. */
const LIMITS: Readonly<Record<number, number>> = { 1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47, 5: 20.52 };

describe('draws follow the distribution that the options describe', () => {
  const squares = PROBABILITIES.map((p) => p * p);
  const keep = (tokens: number) => PROBABILITIES.map((p, token) => (token < tokens ? p : 0));
  test.each<[string, SamplingOptions, number[]]>([
    ['the model itself', {}, PROBABILITIES],
    ['temperature', { temperature: 0.5 }, squares],
    ['top-k', { topK: 3 }, keep(3)],
    ['top-p', { topP: 0.7 }, keep(3)],
    ['min-p', { minP: 0.2 }, keep(4)],
  ])('%s', async (_, options, probabilities) => {
    const counts = await count(options);
    const possible = probabilities.filter((p) => p > 0).length;
    counts.forEach((times, token) => {
      expect(times > 0).toBe(probabilities[token] !== 0);
    });
    expect(chiSquared(counts, probabilities)).toBeLessThan(LIMITS[possible - 1] ?? 0);
  });

  test('and a slightly other distribution is told from it', async () => {
    const other = [0.38, 0.27, 0.15, 0.1, 0.06, 0.04];
    expect(chiSquared(await count({}), other)).toBeGreaterThan(LIMITS[5] ?? 0);
  });
});

test.each<SamplingOptions>([
  { temperature: -1 },
  { topK: 0 },
  { topK: 1.5 },
  { topP: 0 },
  { topP: 1.1 },
  { minP: -0.1 },
  { minP: 1.1 },
  { repetitionPenalty: 0 },
  { repetitionPenalty: 1e-7 },
  { repetitionPenalty: 2e6 },
  { temperature: 2e6 },
  { repetitionPenalty: Number.NaN },
])('%j is refused', (options) => {
  expect(() => sample(tensor([[1, 2]]), options)).toThrow(ArgumentError);
});

test('seen tokens must fit the logits, and greedy logits are no distribution', () => {
  expect(() => filterLogits(tensor([[1, 2]]), { seen: tensor([[0], [1]], { dtype: 'int64' }) })).toThrow(
    'seen must be',
  );
  expect(() => filterLogits(tensor([[1, 2]]), { temperature: 0 })).toThrow('temperature must be above 0');
});

test('unless told otherwise logits are what is drawn from, and what lies along the last dimension sums to 1', async () => {
  const logits = tensor([
    [1, 2, 3],
    [4, 6, 5],
  ]);
  expect(await filterLogits(logits).toArray()).toEqual(await logits.toArray());
  for (const probabilities of [logits.softmax(), logits.logSoftmax().exp()]) {
    for (const sum of await probabilities.sum(1).toArray()) expect(sum).toBeCloseTo(1, 6);
  }
});

test('a penalty makes greedy choose what has not been seen', async () => {
  const seen = tensor([[0, 0, 2]], { dtype: 'int64' });
  const logits = tensor([[2, 1.5, -3]]);
  expect(await sample(logits, { temperature: 0 }).item()).toBe(0);
  expect(await sample(logits, { temperature: 0, repetitionPenalty: 2, seen }).item()).toBe(1);
  const filtered = await filterLogits(logits, { repetitionPenalty: 2, seen }).toArray();
  expect(Array.from(filtered, Number)).toEqual([1, 1.5, -6]);
});

test('the extremes of temperature and penalty leave a distribution', async () => {
  const logits = tensor([[2, 1.5, 90, -3, 89]]);
  const seen = tensor([[2]], { dtype: 'int64' });
  for (const temperature of [1e-300, 1e-38, 1e-7]) {
    expect(await sample(logits, { temperature }).item()).toBe(2);
    expect(await sample(logits, { temperature, repetitionPenalty: 1e6, seen }).item()).toBe(4);
    expect(await sample(logits, { temperature, repetitionPenalty: 1e-6, seen, topP: 0.9, topK: 3 }).item()).toBe(2);
  }
  expect(await sample(logits, { temperature: 1e6 }).item()).toBeLessThan(5);
});

test.each([0, 1])('at temperature %d logits that are not finite give no token', async (temperature) => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const logits = tensor([
      [1, 2],
      [3, bad],
    ]);
    await expect(sample(logits, { temperature }).toArray()).rejects.toThrow('logits are not finite');
  }
  expect(await sample(tensor([[1, Number.NEGATIVE_INFINITY]]), { temperature }).item()).toBe(0);
});
