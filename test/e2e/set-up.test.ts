import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTokenFileInfo } from '../../lib/data/index.js';
import { makeWheel } from '../unit/addon/fake-wheel.js';
import { gptorch, jsonLines, makeWorkspace } from './cli.js';

let path: (name: string) => string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path, remove } = await makeWorkspace());
});
afterAll(() => remove());

describe('gptorch install-libtorch', () => {
  const server = createServer((_request, response) => response.end(makeWheel('2.13.0')));
  let env: Record<string, string>;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    env = { XDG_CACHE_HOME: path('cache'), GPTORCH_LIBTORCH_URL: `http://127.0.0.1:${port}/torch.whl` };
  });
  afterAll(() => {
    server.close();
  });

  it('tells the folder, and does nothing the second time', async () => {
    const folder = `${path('cache')}/gptorch/libtorch-2.13.0-cpu/torch`;
    const first = await gptorch(['install-libtorch', '--json'], '', env);
    expect(JSON.parse(first.stdout)).toEqual({ folder, version: '2.13.0', device: 'cpu' });
    expect(first.stderr).toMatch(/^torch\.whl .*\nunpacking torch\.whl\n$/s);
    const again = await gptorch(['install-libtorch'], '', env);
    expect(again).toEqual({ code: 0, stdout: `libtorch 2.13.0 (cpu) is in ${folder}\n`, stderr: '' });
    expect((await gptorch(['install-libtorch', '--force', '--quiet'], '', env)).stderr).toBe('');
  });

  it('says in one line why it did not', async () => {
    const { code, stderr } = await gptorch(['install-libtorch', '--cuda'], '', env);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^gptorch: libtorch 2\.13\.0 could not be fetched: .*needs an index.*\n$/),
    });
  });
});

describe('gptorch doctor', () => {
  it('finds what the tests run on, and that it computes', async () => {
    const [report] = await jsonLines(['doctor', '--json']);
    expect(report).toMatchObject({
      gptorch: JSON.parse(await readFile('package.json', 'utf8')).version,
      libtorch: { version: expect.stringMatching(/^2\./) },
      selfTest: { ok: true, problem: null },
      problem: null,
    });
  });

  it('says what is wrong, with exit code 1', async () => {
    const { code, stdout } = await gptorch(['doctor'], '', { GPTORCH_LIBTORCH: '/nowhere' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^libtorch +none that can be used$/m);
    expect(stdout).toMatch(/^environment +GPTORCH_LIBTORCH=\/nowhere$/m);
    expect(stdout).toMatch(/^problem +GPTORCH_LIBTORCH \(or LIBTORCH\) names \/nowhere: there is no such folder/m);
  });
});

describe('gptorch data prepare', () => {
  it('writes train.bin and val.bin with progress', async () => {
    await mkdir(path('chars'));
    await gptorch(['tokenizer', 'train', '--type', 'char', '--data', path('text.txt'), '--out', path('chars')]);
    const args = ['data', 'prepare', '--data', path('text.txt'), '--tokenizer', path('chars')];
    const { stdout, stderr } = await gptorch([...args, '--out', path('bin'), '--json']);
    const characters = (await readFile(path('text.txt'), 'utf8')).length;
    const made = JSON.parse(stdout);
    expect(made).toMatchObject({ characters, train: { path: path('bin/train.bin'), dtype: 'uint16' } });
    expect(made.train.tokens + made.validation.tokens).toBe(characters);
    expect((await readTokenFileInfo(path('bin/val.bin'))).length).toBe(made.validation.tokens);
    expect(stderr).toMatch(/^encoding \[.*characters of .*characters\n$/);
    const all = await gptorch([...args, '--out', path('all'), '--validation-fraction', '0', '--quiet']);
    expect(all.stdout).toMatch(/^\S+train\.bin: [\d,]+ tokens, uint16\n$/);
    expect(await readdir(path('all'))).toEqual(['train.bin']);
  });

  it('a character that the vocabulary lacks is named with its line, and nothing is left', async () => {
    await writeFile(path('other.txt'), 'the\n你\n');
    const args = ['--data', path('other.txt'), '--tokenizer', path('chars'), '--out', path('none')];
    const { code, stderr } = await gptorch(['data', 'prepare', ...args]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/other\.txt:2: character .*你/) });
    expect(await readdir(path('none')).catch(() => [])).toEqual([]);
  });
});
