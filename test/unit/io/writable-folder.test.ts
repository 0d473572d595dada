import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { InputError } from '../../../lib/errors.js';
import { ensureWritableFolder } from '../../../lib/io/writable-folder.js';

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

it('makes one folder for any number of callers at once', async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => ensureWritableFolder(join(folder, 'a/b'))));
  expect(made.every((path) => path === join(folder, 'a') || path === undefined)).toBe(true);
  expect(existsSync(join(folder, 'a/b'))).toBe(true);
});

// Node's recursive mkdir never comes back from there: each call has a process of its own, that can be ended.
const index = new URL('../../../dist/index.js', import.meta.url).href;
it.each([
  ['GPT.save', "new GPT({ vocabSize: 7, contextLength: 4, layers: 1, heads: 1, width: 8 }).save('/proc/gptorch/run')"],
  ['a tokenizer', "CharTokenizer.fromTexts(['abc']).save('/proc/gptorch/run')"],
  [
    'prepareTokens',
    "prepareTokens([process.argv[1]], CharTokenizer.fromTexts([readFileSync(process.argv[1], 'utf8')]), '/proc/gptorch/run')",
  ],
  ['downloadModel', "new ModelCache('/proc/gptorch/run', 'a/b').blob('0'.repeat(40))"],
])('%s into such a folder fails at once, too', async (_, call) => {
  const text = join(folder, 'text.txt');
  await writeFile(text, 'a text of more than one letter');
  const cache = new URL('../../../dist/hub/model-cache.js', import.meta.url).href;
  const script = `import { readFileSync } from 'node:fs';
    import { CharTokenizer, GPT, prepareTokens } from '${index}';
    import { ModelCache } from '${cache}';
    await (${call}).then(() => console.log('done'), (error) => console.log(error.name, error.message));`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, text], { timeout: 20_000 });
  expect((await run).stdout).toMatch(
    /^InputError \/proc\/gptorch\/run(\/models--a--b\/blobs)?: cannot be written: ENOENT/,
  );
});
