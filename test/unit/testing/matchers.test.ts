import { describe, expect, test } from 'vitest';
import { ArgumentError, DisposedError } from '../../../lib/errors.js';
import { tensor } from '../../../lib/tensor/index.js';
import '../../../lib/testing/vitest.js';

/** What a failing assertion says. */
async function saidBy(assertion: Promise<unknown>): Promise<string> {
  const [outcome] = await Promise.allSettled([assertion]);
  if (outcome.status === 'fulfilled') throw new Error('the assertion held');
  return outcome.reason.message;
}

const numbers = [
  [1, 2, 3],
  [4, 5, 6],
];

describe('what is close', () => {
  test('nested numbers, {shape, data}, a tensor', async () => {
    const given = tensor(numbers);
    await expect(given).toBeCloseToTensor(numbers);
    await expect(given).toBeCloseToTensor({ shape: [2, 3], data: Float64Array.from(numbers.flat()) });
    await expect(given).toBeCloseToTensor({ shape: [2, 3], data: numbers.flat() });
    await expect(given).toBeCloseToTensor(tensor(numbers, { dtype: 'float64' }));
    await expect(given.reshape(6)).toBeCloseToTensor(Float32Array.from(numbers.flat()));
    await expect(tensor(2.5)).toBeCloseToTensor(2.5);
    await expect(given).not.toBeCloseToTensor(numbers.map((row) => row.map((value) => value + 1e-3)));
  });

  test.each([
    ['float32', 1.3e-6, 1e-5],
    ['float64', 1e-7, 1e-7],
    ['bfloat16', 1.6e-2, 1e-5],
    ['float16', 1e-3, 1e-5],
  ] as const)('%s: rtol %d, atol %d, both sides of the edge', async (dtype, rtol, atol) => {
    // 256 and its neighbours are exact in each dtype; the reference moves, by a hair less and more than is allowed.
    const given = tensor([256], { dtype });
    for (const sign of [1, -1]) {
      const edge = (256 + sign * atol) / (1 - sign * rtol);
      await expect(given).toBeCloseToTensor([256 + (edge - 256) * 0.999]);
      await expect(given).not.toBeCloseToTensor([256 + (edge - 256) * 1.001]);
    }
    await expect(tensor([0], { dtype })).toBeCloseToTensor([atol * 0.999]);
    await expect(tensor([0], { dtype })).not.toBeCloseToTensor([(atol / (1 - rtol)) * 1.001]);
  });

  test('of two dtypes the looser', async () => {
    const reference = tensor([1.01], { dtype: 'bfloat16' });
    await expect(tensor([1])).toBeCloseToTensor(reference);
    await expect(tensor([1])).not.toBeCloseToTensor(await reference.toArray());
  });

  test('whole numbers must be equal, to the last of 64 bits', async () => {
    const large = 2n ** 53n;
    await expect(tensor(BigInt64Array.of(large))).toBeCloseToTensor(BigInt64Array.of(large));
    const said = await saidBy(expect(tensor(BigInt64Array.of(large))).toBeCloseToTensor(BigInt64Array.of(large + 1n)));
    expect(said).toMatch(/got 9007199254740992, expected 9007199254740993\n.*difference 1 \(allowed 0\)/);
    await expect(tensor([1], { dtype: 'bool' })).not.toBeCloseToTensor([0]);
  });

  test('given tolerances; the one left out keeps its default', async () => {
    await expect(tensor([100])).toBeCloseToTensor([101], { rtol: 0.01 });
    await expect(tensor([100])).not.toBeCloseToTensor([101], { rtol: 0.0099 });
    await expect(tensor([100])).toBeCloseToTensor([101], { atol: 1 });
    await expect(tensor([0])).toBeCloseToTensor([9e-6], { rtol: 0 });
    await expect(tensor([1])).not.toBeCloseToTensor([1 + 1e-7], { rtol: 0, atol: 0 });
  });

  test('infinities of one sign are equal, NaN only on request; an infinite reference allows nothing else', async () => {
    const inf = Number.POSITIVE_INFINITY;
    await expect(tensor([inf, -inf])).toBeCloseToTensor([inf, -inf]);
    await expect(tensor([inf])).not.toBeCloseToTensor([-inf]);
    await expect(tensor([1])).not.toBeCloseToTensor([inf]);
    await expect(tensor([inf])).not.toBeCloseToTensor([1]);
    await expect(tensor([Number.NaN])).not.toBeCloseToTensor([Number.NaN]);
    await expect(tensor([Number.NaN])).toBeCloseToTensor([Number.NaN], { equalNaN: true });
    await expect(tensor([1])).not.toBeCloseToTensor([Number.NaN], { equalNaN: true });
  });

  test('nothing is close to nothing of the same shape', async () => {
    await expect(tensor([], { shape: [0, 2] })).toBeCloseToTensor({ shape: [0, 2], data: [] });
    await expect(tensor([], { shape: [0, 2] })).not.toBeCloseToTensor({ shape: [0, 3], data: [] });
  });
});

describe('what is said', () => {
  test('where and by how much', async () => {
    const reference = { name: 'logits.npy', shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5.5, 6.25) };
    expect(await saidBy(expect(tensor(numbers)).toBeCloseToTensor(reference))).toBe(`\
expect(tensor).toBeCloseToTensor(reference)

2 of 6 elements (33 %) are further apart than atol 1e-5 + rtol 1.3e-6 · |reference|.

worst:             at [1, 1]: got 5, expected 5.5
                   absolute difference 0.5 (allowed 1.72e-5), relative 0.0909
max|a-b|/max|b|:   0.5 / 6.25 = 0.08
tensor:            float32 [2, 3]
reference:         float64 [2, 3] (logits.npy)`);
  });

  test('NaN and infinities by name, beside the worst of the finite ones', async () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const said = await saidBy(
      expect(tensor([nan, 2, 3, inf, 0, nan, nan])).toBeCloseToTensor([1, 2.5, 3, 4, nan, 6, 7]),
    );
    expect(said).toContain('6 of 7 elements (86 %)');
    expect(said).toContain('worst:             at [1]: got 2, expected 2.5');
    expect(said).toContain(
      'NaN or infinite:   5 (at [0]: got NaN, expected 1; at [3]: got Infinity, expected 4; at [4]: got 0, expected NaN; ' +
        'at [5]: got NaN, expected 6; and 1 more)',
    );
  });

  test('shapes that differ', async () => {
    const said = await saidBy(expect(tensor(numbers)).toBeCloseToTensor([1, 2, 3]));
    expect(said).toContain('The shapes differ: [2, 3] and [3].');
    await expect(tensor(numbers)).not.toBeCloseToTensor([1, 2, 3]);
  });

  test('.not', async () => {
    const said = await saidBy(expect(tensor(numbers)).not.toBeCloseToTensor(numbers));
    expect(said).toMatch(/^expect\(tensor\)\.not\.toBeCloseToTensor\(reference\)\n\n0 of 6 elements \(0 %\)/);
  });
});

describe('misuse fails with and without .not', () => {
  // Values of types that TypeScript would refuse.
  const wrong = (value: unknown) => value as number[];
  const misspelt: object = { rTol: 1 };
  test.each([
    ['text', wrong('text'), {}, /the reference is string; it takes a tensor/],
    ['null', wrong(null), {}, /the reference is null/],
    ['uneven rows', [[1, 2], [3]], {}, /equally long/],
    ['numbers that do not fill the shape', { shape: [2, 3], data: [1] }, {}, /has 1 numbers, but its shape is \[2,3\]/],
    ['a negative tolerance', numbers, { atol: -1 }, /atol must be a finite number from 0, not -1/],
    ['NaN as tolerance', numbers, { rtol: Number.NaN }, /rtol must be a finite number/],
    ['a misspelt option', numbers, misspelt, /unknown option "rTol", did you mean "rtol"\?/],
  ])('%s', async (_, reference, options, message) => {
    for (const assertion of [expect(tensor(numbers)), expect(tensor(numbers)).not]) {
      const outcome = assertion.toBeCloseToTensor(reference, options);
      await expect(outcome).rejects.toThrow(ArgumentError);
      await expect(outcome).rejects.toThrow(message);
    }
  });

  test('a value that is no tensor, a tensor that was freed', async () => {
    await expect(expect('text').not.toBeCloseToTensor(numbers)).rejects.toThrow(/the received value is string/);
    const freed = tensor(numbers);
    freed.dispose();
    await expect(expect(freed).not.toBeCloseToTensor(numbers)).rejects.toThrow(DisposedError);
  });
});
