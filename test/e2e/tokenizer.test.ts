import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, jsonLines, makeWorkspace } from './cli.js';

let path: (name: string) => string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path, remove } = await makeWorkspace());
});
afterAll(() => remove());

const run = (...args: string[]) => jsonLines(['tokenizer', ...args]);

describe('gptorch tokenizer', () => {
  it('trains a BPE, encodes from stdin and decodes from a file', async () => {
    const special = ['--special-tokens', '<sep>'];
    const [made] = await run(
      'train',
      '--data',
      path('text.txt'),
      '--vocab-size',
      '270',
      ...special,
      '--out',
      path('bpe'),
    );
    expect(made).toEqual({ out: path('bpe'), vocabSize: 270 });
    const text = '你好 the\u0000<sep>🙂\r\n';
    const lines = await jsonLines(
      ['tokenizer', 'encode', '--tokenizer', path('bpe'), '--input', '-'],
      JSON.stringify({ text }),
    );
    expect(lines[0]?.tokens).toContain(269);
    await writeFile(path('ids.jsonl'), `${JSON.stringify(lines[0])}\n`);
    expect(await run('decode', '--tokenizer', path('bpe'), '--input', path('ids.jsonl'))).toEqual([{ text }]);
  });

  it('writes a character vocabulary as word2id and takes it back', async () => {
    const special = ['--special-tokens', '<pad>', '<unk>', '<sep>'];
    await run('train', '--type', 'char', '--data', path('text.txt'), ...special, '--out', path('chars'));
    await run('export', '--tokenizer', path('chars'), '--out', path('dict_datas.json'));
    const { word2id } = JSON.parse(await readFile(path('dict_datas.json'), 'utf8'));
    expect(word2id).toMatchObject({ '<pad>': 0, '<unk>': 1, '<sep>': 2 });
    await run('import', '--input', path('dict_datas.json'), '--out', path('again'));
    const [first, second] = await Promise.all(
      ['chars', 'again'].map((name) => readFile(path(`${name}/tokenizer.json`), 'utf8')),
    );
    expect(second).toBe(first);
  });

  it("makes a tokenizer.json of GPT-2's two files", async () => {
    await mkdir(path('gpt2'));
    await writeFile(path('gpt2/vocab.json'), '{"a":0,"b":1,"ab":2}');
    await writeFile(path('gpt2/merges.txt'), '#version: 0.2\na b\n');
    expect(await run('import', '--input', path('gpt2'), '--out', path('json'))).toEqual([
      { out: path('json'), vocabSize: 3 },
    ]);
  });

  it.each<[name: string, args: () => string[], says: RegExp, input?: string]>([
    [
      'half a surrogate pair',
      () => ['encode', '--tokenizer', path('bpe'), '--input', '-'],
      /^gptorch: stdin:1: the text has half of a surrogate pair \(U\+D83D\) at position 1\n$/,
      '{"text":"a\\ud83d"}',
    ],
    [
      'an id out of range',
      () => ['decode', '--tokenizer', path('bpe'), '--input', '-'],
      /^gptorch: stdin:1: token id 270 at position 0 is out of range; allowed: 0 to 269\n$/,
      '{"tokens":[270]}',
    ],
    [
      'a text that is none',
      () => ['encode', '--tokenizer', path('bpe'), '--input', '-'],
      /^gptorch: stdin:2: field "text" is 1; allowed: a string\n$/,
      '{"text":""}\n{"text":1}',
    ],
    [
      'a tokenizer that is not there',
      () => ['encode', '--tokenizer', path('none'), '--input', '-'],
      /^gptorch: .*none\/tokenizer\.json: not found\n$/,
    ],
    [
      'an export of a BPE',
      () => ['export', '--tokenizer', path('bpe'), '--out', path('x.json')],
      /^gptorch: .*bpe: not a character vocabulary; /,
    ],
    [
      'an import over a tokenizer',
      () => ['import', '--input', path('dict_datas.json'), '--out', path('bpe')],
      /^gptorch: .*bpe: already holds a tokenizer\n$/,
    ],
    [
      'a special token that is none',
      () => ['train', '--data', path('text.txt'), '--type', 'char', '--special-tokens', 'x', '--out', path('y')],
      /^gptorch: --special-tokens: special token "x"; allowed: .*\n$/,
    ],
  ])('tells in one line of %s', async (_, args, says, input) => {
    const { code, stderr } = await gptorch(['tokenizer', ...args()], input);
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(code).toBe(2);
  });
});
