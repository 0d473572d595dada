import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../scripts/bench/main.mjs', import.meta.url));

test('bench -- engine measures all that it names', async () => {
  const settings = ['engine', '--steps', '1', '--repeats', '3', '--threads', '1', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...settings]);
  const { share, queued, read, delay } = JSON.parse(stdout);
  expect(share.stepMilliseconds).toBeGreaterThan(0);
  expect(share.busyShare).toBeGreaterThan(0);
  expect(share.busyShare).toBeLessThan(1);
  for (const latency of [queued, ...Object.values<{ p50: number; p99: number }>(read)]) {
    expect(latency.p50).toBeGreaterThan(0);
    expect(latency.p99).toBeGreaterThanOrEqual(latency.p50);
  }
  expect(delay.training.max).toBeGreaterThanOrEqual(delay.training.p99);
});
