import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProcessLock } from '../../lib/process-lock.js';
import { processStart } from '../../lib/process-start.js';

let folder: string;
let path: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-lock-'));
  path = join(folder, 'run.lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill();
  await rm(folder, { recursive: true });
});

const here = {
  pid: process.pid,
  start: processStart(process.pid),
  host: hostname(),
  since: '2026-01-01T00:00:00.000Z',
};
const writeLock = (owner: object) => writeFile(path, JSON.stringify({ ...here, ...owner }));

/** Whether the lock can be had; it is let go again. */
async function canTake(): Promise<boolean> {
  const lock = await ProcessLock.take(path);
  if (!(lock instanceof ProcessLock)) return false;
  lock.release();
  return true;
}

it('is one process’s until it is released', async () => {
  const lock = await ProcessLock.take(path);
  if (!(lock instanceof ProcessLock)) throw new Error('the lock is free');
  expect(await ProcessLock.take(path)).toMatchObject({ pid: process.pid, host: hostname() });
  lock.release();
  expect(await readdir(folder)).toEqual([]);
  expect(await canTake()).toBe(true);
});

it('is held by a living process', async () => {
  const child = spawn('sleep', ['30']);
  children.push(child);
  const pid = child.pid ?? 0;
  await writeLock({ pid, start: processStart(pid) });
  expect(await ProcessLock.take(path)).toMatchObject({ pid });
});

it.each(['SIGKILL', 'SIGTERM'] as const)('is taken over from a process that %s has ended', async (signal) => {
  const child = spawn('sleep', ['30']);
  const pid = child.pid ?? 0;
  await writeLock({ pid, start: processStart(pid) });
  child.kill(signal);
  await once(child, 'close');
  expect(await canTake()).toBe(true);
});

it('is taken over where a later process has the number of the one that held it', async () => {
  await writeLock({ start: `${here.start}0` });
  expect(await canTake()).toBe(true);
});

it.runIf(process.platform === 'linux')('is taken over from a process that nobody has waited for', async () => {
  const child = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  const [text] = await once(child.stdout, 'data');
  const pid = Number(text);
  await writeLock({ pid, start: processStart(pid) });
  expect(await canTake()).toBe(false);
  const state = async () => /\) (.)/.exec(await readFile(`/proc/${pid}/stat`, 'latin1'))?.[1];
  while ((await state()) !== 'Z') await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await canTake()).toBe(true);
});

it('of another machine is held while it is touched', async () => {
  await writeLock({ host: 'elsewhere', pid: 1 });
  expect(await ProcessLock.take(path)).toMatchObject({ host: 'elsewhere', pid: 1 });
  const longAgo = new Date(Date.now() - 130_000);
  await utimes(path, longAgo, longAgo);
  expect(await canTake()).toBe(true);
});

it.each(['', '{"pid": 1}', 'nonsense'])('that says nobody (%j) is waited for, and then taken over', async (content) => {
  await writeFile(path, content);
  const begun = Date.now();
  expect(await canTake()).toBe(true);
  expect(Date.now() - begun).toBeGreaterThan(1000);
});

it('is no other’s to release', async () => {
  const lock = await ProcessLock.take(path);
  if (!(lock instanceof ProcessLock)) throw new Error('the lock is free');
  await writeLock({ host: 'elsewhere' });
  lock.release();
  expect(existsSync(path)).toBe(true);
});

it('that is stale goes to one of many that come at once', async () => {
  const dist = new URL('../../dist/process-lock.js', import.meta.url).href;
  const script = `import { ProcessLock } from '${dist}';
    await new Promise((resolve) => process.stdin.once('data', resolve));
    const lock = await ProcessLock.take(process.argv[1]);
    console.log(lock instanceof ProcessLock);
    process.stdin.on('end', () => process.exit());`;
  for (let round = 0; round < 5; round++) {
    await writeLock({ start: 'stale' });
    const racers = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script, path], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    children.push(...racers);
    const answers = racers.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]).trim());
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const { stdin } of racers) stdin.write('go');
    expect((await Promise.all(answers)).sort()).toEqual(['false', 'false', 'false', 'false', 'false', 'true']);
    for (const { stdin } of racers) stdin.end();
    await Promise.all(racers.map((child) => once(child, 'close')));
    expect(await readdir(folder)).toEqual([]);
  }
});
