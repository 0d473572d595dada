import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readBuildRecord } from '../../../lib/addon/locate-libtorch.js';
import { makeLibtorch } from './fake-libtorch.js';
import { temporaryFolder } from './temporary-folder.js';

const release = fileURLToPath(new URL('../../../build/Release', import.meta.url));
const load = new URL('../../../dist/addon/load.js', import.meta.url).href;
const built = readBuildRecord(join(release, 'libtorch.json'));

/** Runs a module in a process of its own: what is loaded stays loaded. */
function run(module: string, env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, ['--input-type=module', '-e', module], {
    env: { ...process.env, GPTORCH_LIBTORCH: '', LIBTORCH: '', ...env },
    encoding: 'utf8',
  });
}

const report = `
const answer = await import('${load}').then(
  ({ addon, libtorch }) => ({ torchVersion: addon.torchVersion, libtorch }),
  (error) => ({ name: error.name, code: error.code, message: error.message }));
console.log(JSON.stringify(answer));`;

test('the addon loads with the libtorch that it was built with', () => {
  const { stdout } = run(report);
  expect(JSON.parse(stdout)).toEqual({
    torchVersion: built?.version,
    libtorch: {
      folder: built?.folder,
      version: built?.version,
      device: expect.stringMatching(/^cpu|cuda$/),
      rule: 'build',
      rejected: expect.any(Array),
    },
  });
});

test('a folder given by hand is the one that is opened', () => {
  const answer = JSON.parse(run(report, { GPTORCH_LIBTORCH: built?.folder }).stdout);
  expect(answer.libtorch).toMatchObject({ folder: built?.folder, rule: 'environment' });
});

test('GPTORCH_ADDON names the folder of another build', () => {
  expect(JSON.parse(run(report, { GPTORCH_ADDON: release }).stdout).torchVersion).toBe(built?.version);
  expect(JSON.parse(run(report, { GPTORCH_ADDON: '/nowhere' }).stdout)).toMatchObject({
    name: 'LoadError',
    message: expect.stringMatching(/^Cannot load \/nowhere\/gptorch_loader\.node: .*Unset GPTORCH_ADDON\.$/s),
  });
});

test.each([
  ['is missing', () => '/nowhere/libtorch', /\/nowhere\/libtorch: there is no such folder/],
  ['is too old', () => makeLibtorch(join(temporaryFolder(), 'old'), '2.9.0'), /libtorch 2\.9\.0 is not supported/],
  [
    'does not open',
    () => makeLibtorch(join(temporaryFolder(), 'new'), '2.13.0'),
    /does not open: Cannot load .*libc10.*GPTORCH_LIBTORCH to another folder/s,
  ],
])('a libtorch that %s is a LoadError with its path', (_name, folder, message) => {
  const answer = JSON.parse(run(report, { GPTORCH_LIBTORCH: folder() }).stdout);
  expect(answer).toMatchObject({ name: 'LoadError', code: 'ERR_LOAD', message: expect.stringMatching(message) });
});

test('it loads twice in a process, and in a worker whose end the process survives', () => {
  const { stdout, status } = run(`
    import { Worker } from 'node:worker_threads';
    const first = await import('${load}');
    const second = await import('${load}?again');
    const inWorker = () => new Promise((resolve) => {
      const worker = new Worker("import('${load}').then(({ addon }) => console.log(addon.torchVersion))", { eval: true });
      worker.on('exit', resolve);
    });
    console.log(await inWorker(), await inWorker(), first.addon.torchVersion === second.addon.torchVersion);`);
  expect(status).toBe(0);
  expect(stdout.trim().split('\n').sort()).toEqual(['0 0 true', built?.version, built?.version]);
});

test('it loads first in a worker, then in the main thread', () => {
  const { stdout, status } = run(`
    import { Worker } from 'node:worker_threads';
    const worker = new Worker("import('${load}')", { eval: true });
    await new Promise((resolve) => worker.on('exit', resolve));
    console.log((await import('${load}')).addon.torchVersion);`);
  expect({ stdout: stdout.trim(), status }).toEqual({ stdout: built?.version, status: 0 });
});

test('the loader names what it cannot open and refuses a second libtorch', () => {
  const loader = createRequire(import.meta.url)(join(release, 'gptorch_loader.node')) as {
    open(...paths: unknown[]): void;
  };
  expect(() => loader.open('/a')).toThrow('paths must be an array of strings');
  expect(() => loader.open([1])).toThrow('paths must be an array of strings');
  expect(() => loader.open(['/nowhere/libc10.so'])).toThrow(/cannot open \/nowhere\/libc10\.so: .*No such file/);
  const system = process.platform === 'darwin' ? '/usr/lib/libz.dylib' : 'libm.so.6';
  loader.open([system]);
  loader.open([system]);
  expect(() => loader.open(['/other/libc10.so'])).toThrow('this process has already opened another libtorch');
});
