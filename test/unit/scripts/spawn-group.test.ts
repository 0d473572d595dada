import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { processStart } from '../../../scripts/bootstrap/process-start.mjs';

const module = new URL('../../../scripts/bootstrap/spawn-group.mjs', import.meta.url).href;

/** As cmake starts compilers: it tells the number of a process of its own, which does not end by itself. */
const tool = `
  const own = require('node:child_process').spawn('sleep', ['300'], { stdio: 'ignore' });
  console.log(own.pid);
  setInterval(() => {}, 1000);`;
const script = `
  import { spawnGroup } from '${module}';
  spawnGroup(process.execPath, ['-e', process.argv[1]], { stdio: ['ignore', 'inherit', 'inherit'] });`;

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends the command and all that it started', async (signal) => {
  const outer = spawn(process.execPath, ['--input-type=module', '-e', script, '--', tool], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await once(outer.stdout, 'data');
  const started = Number(text);
  expect(processStart(started)).toBeDefined();
  outer.kill(signal);
  expect(await once(outer, 'close')).toEqual([null, signal]);
  await vi.waitFor(() => expect(processStart(started)).toBeUndefined());
});

test('a command that ends by itself leaves us as we are', async () => {
  const outer = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ''], { stdio: 'ignore' });
  expect(await once(outer, 'close')).toEqual([0, null]);
});
