import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withLock } from '../../../scripts/bootstrap/lock.mjs';
import { write } from '../addon/fake-libtorch.js';
import { temporaryFolder } from '../addon/temporary-folder.js';

const lock = new URL('../../../scripts/bootstrap/lock.mjs', import.meta.url).href;

/** Another process that works for a while under the lock; resolves with its start and end in milliseconds. */
async function other(file: string): Promise<[number, number]> {
  const script = `
    import { withLock } from '${lock}';
    await withLock(async () => {
      const start = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log(start, Date.now());
    }, '${file}');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const [start = NaN, end = NaN] = output.trim().split(' ').map(Number);
  return [start, end];
}

test('processes take turns', async () => {
  const file = join(temporaryFolder(), 'lock');
  const spans = await Promise.all([other(file), other(file), other(file)]);
  const [first, second, third] = spans.sort((a, b) => a[0] - b[0]);
  expect(first?.[1]).toBeLessThanOrEqual(second?.[0] ?? NaN);
  expect(second?.[1]).toBeLessThanOrEqual(third?.[0] ?? NaN);
  expect(existsSync(file)).toBe(false);
});

/** The lock that a process left which was killed under it. */
async function leftBehind(file: string): Promise<string> {
  const script = `import { withLock } from '${lock}'; await withLock(() => process.kill(process.pid, 'SIGKILL'), '${file}');`;
  const killed = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  await new Promise((resolve) => killed.once('exit', resolve));
  return readFileSync(file, 'utf8');
}

test('the lock of a process that is gone is taken over', async () => {
  const file = join(temporaryFolder(), 'lock');
  await leftBehind(file);
  await expect(withLock(async () => 'done', file)).resolves.toBe('done');
});

test('so is that of a process whose number another one has by now', async () => {
  const file = join(temporaryFolder(), 'lock');
  write(file, (await leftBehind(file)).replace(/^\d+/, String(process.pid)));
  await expect(withLock(async () => 'done', file)).resolves.toBe('done');
});

test('a failure gives the lock back', async () => {
  const file = join(temporaryFolder(), 'lock');
  await expect(withLock(() => sleep(1).then(() => Promise.reject(new Error('no'))), file)).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});
