import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPythonTorch } from '../../../lib/addon/python-torch.js';
import { makePython, write } from './fake-libtorch.js';
import { temporaryFolder } from './temporary-folder.js';

/** A Python that says where its torch is and counts its starts. */
function setUp(torch: string | null): { env: NodeJS.ProcessEnv; packages: string; starts: () => number } {
  const folder = temporaryFolder();
  const packages = join(folder, 'site-packages');
  mkdirSync(packages);
  const answer = JSON.stringify({ folder: torch, paths: [packages] });
  makePython(join(folder, 'bin'), `echo start >> ${folder}/starts\necho '${answer}'`);
  const starts = (): number =>
    existsSync(join(folder, 'starts')) ? readFileSync(join(folder, 'starts'), 'utf8').split('\n').length - 1 : 0;
  return { env: { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') }, packages, starts };
}

test('Python is asked once, then its answer is remembered', () => {
  const { env, starts } = setUp('/somewhere/torch');
  expect(findPythonTorch(env)).toBe('/somewhere/torch');
  expect(findPythonTorch(env)).toBe('/somewhere/torch');
  expect(starts()).toBe(1);
});

test('that there is none is remembered too, until a package is installed', () => {
  const { env, packages, starts } = setUp(null);
  expect(findPythonTorch(env)).toBeUndefined();
  expect(findPythonTorch(env)).toBeUndefined();
  expect(starts()).toBe(1);
  write(join(packages, 'torch.py'), '');
  expect(findPythonTorch(env)).toBeUndefined();
  expect(starts()).toBe(2);
});

test('another virtual environment is another question', () => {
  const { env, starts } = setUp('/somewhere/torch');
  findPythonTorch(env);
  findPythonTorch({ ...env, VIRTUAL_ENV: '/elsewhere' });
  expect(starts()).toBe(2);
});

test('no Python, and one that does not start, have no torch', () => {
  const folder = temporaryFolder();
  const XDG_CACHE_HOME = join(folder, 'cache');
  expect(findPythonTorch({ PATH: folder, XDG_CACHE_HOME })).toBeUndefined();
  expect(findPythonTorch({ PATH: makePython(folder, 'exit 1'), XDG_CACHE_HOME })).toBeUndefined();
});

test('a folder of PATH that cannot be looked into is passed over', () => {
  const { env } = setUp('/somewhere/torch');
  // A link to itself: also root, whom no permission stops, cannot look into it.
  const loop = join(temporaryFolder(), 'loop');
  symlinkSync(loop, loop);
  expect(findPythonTorch({ ...env, PATH: `${loop}:${env.PATH}` })).toBe('/somewhere/torch');
});
