import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { InputError } from '../../../lib/errors.js';
import { ensureWritableFolder } from '../../../lib/train/run-folder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('makes folders and says which is the topmost', async () => {
  await mkdir(join(folder, 'there'));
  expect(await ensureWritableFolder(join(folder, 'there/a/b'))).toBe(join(folder, 'there/a'));
  expect(existsSync(join(folder, 'there/a/b'))).toBe(true);
  expect(await ensureWritableFolder(join(folder, 'there/a/b'))).toBeUndefined();
});

it.each(['file', 'file/below', 'file/below/deeper'])('refuses %s, where a file is in the way', async (path) => {
  await writeFile(join(folder, 'file'), '');
  await expect(ensureWritableFolder(join(folder, path))).rejects.toThrow(InputError);
  await expect(ensureWritableFolder(join(folder, path))).rejects.toThrow(/file is not a directory$/);
});

it('refuses what the system refuses, at once', async () => {
  await expect(ensureWritableFolder('/proc/gptorch/run')).rejects.toThrow(
    /^\/proc\/gptorch\/run: cannot be written: ENOENT/,
  );
});
