import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastLine, runFixture, runNode } from './fixture.js';
import { patience } from './forms.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
const copy = (name: string) => join(folder, name);

/** `whole` has libraries of its own, `sharing` has only the JavaScript and links to the libraries of this checkout. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-copies-'));
  for (const name of ['whole', 'sharing']) {
    await mkdir(copy(name));
    for (const part of ['dist', 'package.json'])
      await cp(join(root, part), join(copy(name), part), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy(name), 'node_modules'));
  }
  await cp(join(root, 'build/Release'), join(copy('whole'), 'build/Release'), { recursive: true });
  await symlink(join(root, 'build'), join(copy('sharing'), 'build'));
});
afterAll(() => rm(folder, { recursive: true }));

const works = { sum: 3, refused: 'ERR_ARGUMENT' };

test.each(['thread', 'worker'])(
  'a second copy, loaded in the same process (%s), is a LoadError that names both',
  { timeout: patience },
  async (place) => {
    const outcome = await runFixture('copies', [root, copy('whole'), place]);
    const [first, second, again] = lastLine<Record<string, unknown>[]>(outcome);
    expect([first, again]).toEqual([works, works]);
    expect(second).toMatchObject({ name: 'LoadError', code: 'ERR_LOAD' });
    const text = String(second?.message);
    expect(text).toContain(`is loaded in this process, from ${join(root, 'build/Release')};`);
    expect(text).toContain(`the one in ${join(copy('whole'), 'build/Release')} cannot be loaded beside it`);
    expect(text).toContain('npm ls gptorch');
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  },
);

test('copies of the JavaScript over the same libraries work side by side; their errors are told apart by code', {
  timeout: patience,
}, async () => {
  const outcome = await runFixture('copies', [root, copy('sharing'), 'thread']);
  expect(lastLine(outcome)).toEqual([works, works, works]);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
});

test('require() in CommonJS gives the same module as import', { timeout: patience }, async () => {
  const script = fileURLToPath(new URL('fixtures/require.cjs', import.meta.url));
  expect(await runNode(['--no-warnings=ExperimentalWarning', script])).toMatchObject({ code: 0, stdout: '3\n' });
});
