/** Adds the matchers to Vitest's `expect`, with their types: a setup file, or an import at the head of a test. */

import { expect } from 'vitest';
import { type TensorMatchers, tensorMatchers } from './matchers.js';

expect.extend(tensorMatchers);

declare module 'vitest' {
  interface Matchers<T> extends TensorMatchers {}
}
