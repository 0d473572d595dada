/** Adds the matchers to Jest's `expect`, with their types: in `setupFilesAfterEnv`, or an import at the head of a test. */

import { expect } from '@jest/globals';
import { type TensorMatchers, tensorMatchers } from './matchers.js';

expect.extend(tensorMatchers);

// `expect` imported from @jest/globals …
declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T> extends TensorMatchers {}
}

// … and the global one, of @types/jest.
declare global {
  namespace jest {
    interface Matchers<R, T> extends TensorMatchers {}
  }
}
