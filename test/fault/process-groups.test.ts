import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { runFixture } from './fixture.js';
import { patience } from './forms.js';

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(address !== null && typeof address === 'object' ? address.port : 0);
}

const ended = (code: number, stdout: string) => ({ code, signal: null, stdout, stderr: '' });

test('a worker thread can be a rank', { timeout: patience }, async () => {
  const port = await freePort();
  const way = 'a worker computes with the other process';
  const results = await Promise.all(['0', '1'].map((rank) => runFixture('process-groups', [way, rank, port])));
  expect(results).toEqual([ended(0, '[3]\n'), ended(0, '[3]\n')]);
});

test('a worker that waits for other ranks ends at once, and the engine goes on', { timeout: patience }, async () => {
  const way = 'terminate() a worker that waits';
  expect(await runFixture('process-groups', [way, '0', await freePort()])).toEqual(ended(0, '7 true\n'));
});

test.each(['0', '1'])(
  'process.exit() while rank %s waits for the others to come',
  { timeout: patience },
  async (rank) => {
    const begun = performance.now();
    const outcome = await runFixture('process-groups', ['the other rank is waited for', rank, await freePort()]);
    expect(outcome).toEqual(ended(7, ''));
    expect(performance.now() - begun).toBeLessThan(8000);
  },
);

test('process.exit() while a sum waits for the other rank, which is told', { timeout: patience }, async () => {
  const port = await freePort();
  const way = 'the other rank is waited for in a step';
  const [first, second] = await Promise.all(['0', '1'].map((rank) => runFixture('process-groups', [way, rank, port])));
  expect(second).toEqual(ended(7, '[3]\n'));
  expect(first).toEqual(ended(7, '[3]\nERR_PROCESS_GROUP\n'));
});
