import { join } from 'node:path';
import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.js';
import { addressSanitizer, preloaded } from './sanitizer.mjs';

const sanitizer = addressSanitizer();

// Vitest itself runs without the sanitizer; the processes with the tests begin with this environment.
export default mergeConfig(base, {
  test: {
    env: { ...sanitizer.env, ...preloaded(), GPTORCH_ADDON: join(sanitizer.folder, 'Release') },
    setupFiles: [join(import.meta.dirname, 'vitest.setup.ts')],
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
