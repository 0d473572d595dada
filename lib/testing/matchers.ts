import { compare } from './compare.js';
import { describe, describeShapes } from './describe.js';
import { type ToleranceOptions, toleranceFor } from './tolerance.js';
import { type Comparable, valuesOf } from './values.js';

/** What the matchers add to `expect(…)`. */
export interface TensorMatchers {
  /**
   * Every element is within atol + rtol · |reference| of the reference's, as in NumPy's `allclose` and torch's
   * `assert_close`; the shapes are equal. dtypes may differ: a float64 reference of a float32 tensor is a good one.
   *
   * Reading a tensor waits for the engine, so the assertion is to be awaited.
   */
  toBeCloseToTensor(reference: Comparable, options?: ToleranceOptions): Promise<void>;
}

/** What a matcher of Vitest and Jest gives. */
export interface MatcherResult {
  /** Whether the assertion holds; the runner turns it round after `.not`. */
  pass: boolean;
  /** Said when the assertion fails. */
  message: () => string;
}

/** For `expect.extend`, in Vitest and Jest alike; `gptorch/testing/vitest` and `gptorch/testing/jest` call it. */
export const tensorMatchers = {
  /** See `TensorMatchers`. */
  toBeCloseToTensor,
};

async function toBeCloseToTensor(
  received: Comparable,
  reference: Comparable,
  options: ToleranceOptions = {},
): Promise<MatcherResult> {
  const got = await valuesOf(received, 'the received value');
  const expected = await valuesOf(reference, 'the reference');
  const tolerance = toleranceFor(options, [got.dtype, expected.dtype]);
  if (String(got.shape) !== String(expected.shape)) {
    return { pass: false, message: () => report('', describeShapes(got, expected)) };
  }
  const comparison = compare(got, expected, tolerance);
  const pass = comparison.outside === 0;
  return { pass, message: () => report(pass ? '.not' : '', describe(got, expected, comparison, tolerance)) };
}

function report(not: string, text: string): string {
  return `expect(tensor)${not}.toBeCloseToTensor(reference)\n\n${text}`;
}
