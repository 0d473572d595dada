import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aloneInFolder } from '../../../lib/train/run-lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Does a job that leaves files and fails. */
async function fail(out: string, ...files: string[]): Promise<void> {
  const work = async () => {
    await mkdir(join(out, 'tokens'));
    for (const file of ['tokens/train.bin', ...files]) await writeFile(join(out, file), '');
    throw new Error('bad input');
  };
  await expect(aloneInFolder(out, undefined, work)).rejects.toThrow('bad input');
}

describe('a job that fails before it trains', () => {
  it('leaves no folder that was not there', async () => {
    await fail(join(folder, 'new/run'), 'tokenizer.json');
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves an empty folder empty', async () => {
    await fail(folder, 'tokenizer.json');
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes nothing from a folder that held something', async () => {
    await writeFile(join(folder, 'notes.txt'), '');
    await fail(folder);
    expect(existsSync(join(folder, 'notes.txt'))).toBe(true);
  });
});

describe('a job that fails while it trains', () => {
  it.each(['metrics.jsonl', 'checkpoint.safetensors', 'model.safetensors'])(
    'leaves what there is: %s',
    async (file) => {
      await fail(join(folder, 'run'), 'tokenizer.json', file);
      expect((await readdir(join(folder, 'run'))).sort()).toEqual([file, 'tokenizer.json', 'tokens'].sort());
    },
  );
});

it('leaves the folder to the next job once one is done', async () => {
  expect(await aloneInFolder(folder, undefined, async () => 1)).toBe(1);
  expect(await aloneInFolder(folder, undefined, async () => 2)).toBe(2);
});
