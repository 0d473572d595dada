/**
 * Parity tests in Vitest and Jest: a matcher for tensors, and readers of references that Python wrote. Loads no native code.
 *
 * Import `gptorch/testing/vitest` or `gptorch/testing/jest` once, in a setup file, to have the matcher and its types.
 */

export { type MatcherResult, type TensorMatchers, tensorMatchers } from './matchers.js';
export { type References, readReference, readReferences } from './read-references.js';
export type { Reference } from './reference.js';
export type { ToleranceOptions } from './tolerance.js';
export type { Comparable, Numbers, ShapedNumbers, TensorLike } from './values.js';
