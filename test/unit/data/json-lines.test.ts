import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJsonLines } from '../../../lib/data/index.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-lines-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Buffer): Promise<{ where: string; value: unknown }[]> {
  const path = join(folder, 'lines.jsonl');
  await writeFile(path, content);
  const lines = [];
  for await (const { where, value } of readJsonLines(path))
    lines.push({ where: where.replace(`${folder}/`, ''), value });
  return lines;
}

const messageOf = (content: string | Buffer) =>
  read(content).then(
    () => 'no error',
    (error) => `${error.code} ${error.message.replace(`${folder}/`, '')}`,
  );

describe('readJsonLines', () => {
  it('reads one value a line, says where it stands, passes over empty lines', async () => {
    expect(await read('{"a":1}\n\n  \n[2]')).toEqual([
      { where: 'lines.jsonl:1', value: { a: 1 } },
      { where: 'lines.jsonl:4', value: [2] },
    ]);
  });

  it('takes no notice of a byte order mark and of the line ends of Windows', async () => {
    expect(await read('\ufeff{"a":"ä"}\r\n{"a":"b"}\r\n')).toEqual(await read('{"a":"ä"}\n{"a":"b"}\n'));
  });

  it('refuses a key that stands twice, at any depth, and nothing that only looks like one', async () => {
    expect(await messageOf('{"a":1}\n{"a":1,"b":2,"\\u0061":3}')).toBe('ERR_INPUT lines.jsonl:2: "a" is there twice');
    expect(await messageOf('{"x":[{"a":{"b":1,"b":2}}]}')).toBe('ERR_INPUT lines.jsonl:1: "b" is there twice');
    const harmless = '{"a":"\\"a\\":","b":[{"a":1},{"a":2}],"c":"{","d":{"a":1}}';
    expect(await read(harmless)).toEqual([{ where: 'lines.jsonl:1', value: JSON.parse(harmless) }]);
  });

  it('names the line of what is no JSON, no UTF-8, or too long', async () => {
    expect(await messageOf('{"a":1}\n{a:1}')).toBe('ERR_INPUT lines.jsonl:2: not JSON: {a:1}');
    expect(await messageOf(Buffer.from('{"a":1}\n{"a":"\xe9"}\n', 'latin1'))).toMatch(
      /^ERR_INPUT lines.jsonl:2: not UTF-8/,
    );
    const long = `{"a":1}\n{"a":"${'x'.repeat(10_000_000)}"}`;
    for (const text of [long, `${long}\n`]) {
      expect(await messageOf(text)).toBe('ERR_INPUT lines.jsonl:2: longer than 1048576 characters');
    }
    expect(await read(`{"a":1}\n"${'x'.repeat(2 ** 20 - 2)}"\n`)).toHaveLength(2);
  });

  it('reads a line of nearly a mebibyte', async () => {
    const text = 'x\\"'.repeat(300_000);
    expect(await read(`{"a":"${text}"}`)).toHaveLength(1);
  });
});
