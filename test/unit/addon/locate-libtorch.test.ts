import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type LocateOptions,
  locateLibtorch,
  packageFolder,
  surveyLibtorch,
} from '../../../lib/addon/locate-libtorch.js';
import { LoadError } from '../../../lib/errors.js';
import { makeLibtorch, makePython, write } from './fake-libtorch.js';
import { temporaryFolder } from './temporary-folder.js';

/** A machine with a libtorch by each rule but npm's; `options` without a driver. */
function machine(): {
  folder: string;
  built: string;
  python: string;
  cached: string;
  env: NodeJS.ProcessEnv;
  options: LocateOptions;
} {
  const folder = temporaryFolder();
  const built = makeLibtorch(join(folder, 'built'), '2.13.0', { headers: true });
  const python = makeLibtorch(join(folder, 'python', 'torch'), '2.13.0', { headers: true });
  const cached = makeLibtorch(join(folder, 'cache', 'gptorch', 'libtorch-2.13.0-cpu', 'torch'), '2.13.0', {
    headers: true,
  });
  makePython(join(folder, 'bin'), `echo '${JSON.stringify({ folder: python, paths: [] })}'`);
  const env = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') };
  const buildRecord = write(join(folder, 'libtorch.json'), JSON.stringify({ folder: built, version: '2.13.0' }));
  return { folder, built, python, cached, env, options: { env, buildRecord, hasDriver: false } };
}

function problemOf(options: LocateOptions): string {
  try {
    locateLibtorch(options);
  } catch (error) {
    expect(error).toBeInstanceOf(LoadError);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('found one');
}

test('the order is the build, python3, the cache', () => {
  const { built, python, cached, env, options } = machine();
  expect(locateLibtorch(options)).toEqual({
    folder: built,
    version: '2.13.0',
    device: 'cpu',
    rule: 'build',
    rejected: [],
  });
  expect(locateLibtorch({ env, hasDriver: false })).toMatchObject({ folder: python, rule: 'python' });
  const noPython = { ...env, PATH: '' };
  expect(locateLibtorch({ env: noPython, hasDriver: false })).toMatchObject({ folder: cached, rule: 'cache' });
});

test.each(['GPTORCH_LIBTORCH', 'LIBTORCH'])('%s comes before all', (variable) => {
  const { folder, env, options } = machine();
  const own = makeLibtorch(join(folder, 'own'), '2.12.0');
  expect(locateLibtorch({ ...options, env: { ...env, [variable]: own } })).toMatchObject({
    folder: own,
    rule: 'environment',
  });
});

test('a folder given by hand is never replaced by another: the error says what is wrong with it', () => {
  const { folder, env, options } = machine();
  const given = (own: string, more: LocateOptions = {}): string =>
    problemOf({ ...options, ...more, env: { ...env, GPTORCH_LIBTORCH: own } });
  expect(given(join(folder, 'nowhere'))).toMatch(/nowhere: there is no such folder.*or unset it/);
  expect(given(temporaryFolder())).toContain('no lib/libc10 and lib/libtorch_cpu');
  expect(given(makeLibtorch(join(folder, 'old'), '2.9.1'))).toContain(
    'libtorch 2.9.1 is not supported (needed: 2.11 or newer, older than 2.14)',
  );
  expect(given(makeLibtorch(join(folder, 'bare'), '2.13.0'), { forBuilding: true })).toContain('no headers');
  expect(given(makeLibtorch(join(folder, 'odd'), 'unknown'))).toContain('no file in it tells its version');
  expect(given(makeLibtorch(join(folder, 'other'), '2.12.0'), { compiledAgainst: '2.13.0' })).toContain(
    'it is libtorch 2.12.0, but the addon was compiled against 2.13.0',
  );
});

test('a candidate that does not fit is passed over', () => {
  const { built, python, cached, options } = machine();
  makeLibtorch(built, '2.12.0');
  expect(locateLibtorch({ ...options, compiledAgainst: '2.13.0' })).toMatchObject({ folder: python });
  makeLibtorch(python, '2.15.0');
  expect(locateLibtorch({ ...options, compiledAgainst: '2.13.0' })).toMatchObject({ folder: cached });
});

test('when none fits, the error lists what was found, what is needed and what to run', () => {
  const { built, python, cached, options } = machine();
  for (const folder of [built, python, cached]) makeLibtorch(folder, '2.9.0');
  const message = problemOf(options);
  expect(message).toContain('version 2.11 or newer, older than 2.14');
  expect(message).toContain(`python: ${python}: libtorch 2.9.0 is not supported`);
  expect(message).toContain('npx gptorch install-libtorch');
});

test('CUDA is taken where it is installed and a driver answers', () => {
  const { python, built, env, options } = machine();
  makeLibtorch(python, '2.13.0', { cuda: true });
  expect(locateLibtorch({ ...options, hasDriver: true })).toMatchObject({ folder: python, device: 'cuda' });
  expect(locateLibtorch(options)).toMatchObject({ folder: built, device: 'cpu' });
  const byHand = { ...env, GPTORCH_LIBTORCH: 'cpu' };
  expect(locateLibtorch({ ...options, env: byHand, hasDriver: true })).toMatchObject({ folder: built, device: 'cpu' });
});

test('with a driver and no CUDA build the CPU is used, unless CUDA is asked for by hand', () => {
  const { built, env, options } = machine();
  expect(locateLibtorch({ ...options, hasDriver: true })).toMatchObject({ folder: built, device: 'cpu' });
  const message = problemOf({ ...options, env: { ...env, GPTORCH_LIBTORCH: 'cuda' } });
  expect(message).toContain('a CUDA build of libtorch');
  expect(message).toContain(`${built}: not a CUDA build`);
  expect(message).toContain('install-libtorch --cuda');
});

test('a CUDA build whose trial fails is passed over with the reason, or used for the CPU where it is the only one', () => {
  const { python, built, env, options } = machine();
  makeLibtorch(python, '2.13.0', { cuda: true });
  const tryCuda = () => 'the driver is too old';
  const auto = locateLibtorch({ ...options, hasDriver: true, tryCuda });
  const reason = `python: ${python}: its CUDA part does not work here: the driver is too old`;
  expect(auto).toMatchObject({ folder: built, device: 'cpu', rejected: [reason] });
  const alone = { env, hasDriver: true, tryCuda };
  expect(locateLibtorch(alone)).toMatchObject({ folder: python, device: 'cpu', rejected: [reason] });
  const byHand = { ...env, GPTORCH_LIBTORCH: 'cuda' };
  expect(problemOf({ ...options, env: byHand, hasDriver: true, tryCuda })).toContain(reason);
  const named = { ...env, GPTORCH_LIBTORCH: python };
  expect(locateLibtorch({ ...options, env: named, hasDriver: true, tryCuda })).toMatchObject({ device: 'cpu' });
  expect(locateLibtorch({ ...options, hasDriver: true, tryCuda: () => undefined })).toMatchObject({ device: 'cuda' });
});

test('the survey lists every one, with what speaks against it', () => {
  const { built, python, cached, options } = machine();
  makeLibtorch(python, '2.9.0', { cuda: true });
  expect(surveyLibtorch(options)).toEqual([
    { rule: 'build', folder: built, version: '2.13.0', cuda: false, problem: null },
    { rule: 'python', folder: python, version: '2.9.0', cuda: true, problem: expect.stringContaining('not supported') },
    { rule: 'cache', folder: cached, version: '2.13.0', cuda: false, problem: null },
  ]);
});

test('an installed addon without its libtorch package says that the package is missing', () => {
  const message = problemOf({ env: { PATH: '', XDG_CACHE_HOME: temporaryFolder() }, hasDriver: false, packaged: true });
  expect(message).toMatch(/package: @gptorch\/libtorch-cpu-\S+ is not installed\nRun `npx gptorch install-libtorch`/);
});

test('the newest in the cache comes first', () => {
  const folder = temporaryFolder();
  for (const version of ['2.11.0', '2.13.0', '2.12.0'])
    makeLibtorch(join(folder, 'gptorch', `libtorch-${version}-cpu`), version);
  const env = { PATH: '', XDG_CACHE_HOME: folder };
  expect(locateLibtorch({ env, hasDriver: false }).version).toBe('2.13.0');
  expect(locateLibtorch({ env, hasDriver: false, compiledAgainst: '2.11.0' }).version).toBe('2.11.0');
});

test("an npm package's folder is found from here", () => {
  expect(packageFolder('bindings')).toMatch(/node_modules\/bindings$/);
  expect(packageFolder('@gptorch/not-there')).toBeUndefined();
});
