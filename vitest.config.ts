import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Each worker has its own engine: together they take the cores once, not once each.
const workers = Math.max(1, Math.min(4, availableParallelism()));
const threads = Math.max(1, Math.floor(availableParallelism() / workers));

export default defineConfig({
  test: {
    include: ['test/{unit,parity,e2e,fault,serve}/**/*.test.ts'],
    // Processes: some tests end theirs, and an addon's thread count belongs to a process.
    pool: 'forks',
    maxWorkers: workers,
    env: { OMP_NUM_THREADS: String(threads) },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
