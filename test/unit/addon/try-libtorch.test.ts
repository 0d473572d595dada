import type { SpawnSyncReturns } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { tryLibtorch } from '../../../lib/addon/try-libtorch.js';
import { makeLibtorch, write } from './fake-libtorch.js';
import { temporaryFolder } from './temporary-folder.js';

function setUp() {
  const folder = temporaryFolder();
  const libtorch = {
    folder: makeLibtorch(join(folder, 'torch'), '2.13.0', { cuda: true }),
    version: '2.13.0',
    device: 'cuda' as const,
    rule: 'cache' as const,
    rejected: [],
  };
  const addon = write(join(folder, 'addon', 'gptorch.node'), 'addon');
  const env = { XDG_CACHE_HOME: join(folder, 'cache') };
  return { libtorch, addon, addonFolder: join(folder, 'addon'), env };
}

function child(result: Partial<SpawnSyncReturns<string>>) {
  return vi.fn((_args: readonly string[]) => {
    return { pid: 1, output: [], stdout: '', stderr: '', status: 0, signal: null, ...result };
  });
}

test('one that finds a GPU is trusted, and not tried again until the addon changes', () => {
  const { libtorch, addon, addonFolder, env } = setUp();
  const run = child({ stdout: 'devices: 2' });
  expect(tryLibtorch(libtorch, addonFolder, env, run)).toBeUndefined();
  expect(tryLibtorch(libtorch, addonFolder, env, run)).toBeUndefined();
  expect(run).toHaveBeenCalledTimes(1);
  expect(run.mock.calls[0]?.[0]).toContain(join(libtorch.folder, 'lib', 'libtorch_cuda.so'));
  write(addon, 'another addon');
  tryLibtorch(libtorch, addonFolder, env, run);
  expect(run).toHaveBeenCalledTimes(2);
});

test.each<[string, Partial<SpawnSyncReturns<string>>, RegExp]>([
  ['finds no GPU', { stdout: 'devices: 0' }, /no GPU that it can use \(nvidia-smi/],
  ['does not open', { status: 1, stderr: 'x\nError: cannot open libcudart.so.13\n  at …' }, /^cannot open libcudart/],
  ['crashes', { status: null, signal: 'SIGSEGV' }, /was ended by SIGSEGV/],
  ['ends without a word', { status: 3 }, /ended with 3/],
  ['does not start', { status: null, error: new Error('spawnSync ETIMEDOUT') }, /ETIMEDOUT/],
])('one that %s is not, and is tried again', (_name, result, reason) => {
  const { libtorch, addonFolder, env } = setUp();
  const run = child(result);
  expect(tryLibtorch(libtorch, addonFolder, env, run)).toMatch(reason);
  expect(tryLibtorch(libtorch, addonFolder, env, run)).toMatch(reason);
  expect(run).toHaveBeenCalledTimes(2);
});

test('the trial really is another process, which opens the libraries', () => {
  const { libtorch, env } = setUp();
  const release = fileURLToPath(new URL('../../../build/Release', import.meta.url));
  expect(tryLibtorch(libtorch, release, env)).toMatch(/cannot open .*libc10.*\.so/);
});
