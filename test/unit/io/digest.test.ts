import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOfFiles, digestOfJson } from '../../../lib/io/index.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test.each([
  [[]],
  [{}],
  [null],
  ['text "quoted"'],
  [[1, 2.5, null]],
  [{ a: [[1, 2], []], b: { c: 'd', e: undefined }, f: undefined, g: [{ h: Number.NaN }, null, undefined] }],
  [[[{ sequences: [[1, 2], [3]], answer: 0, isCut: false }], []]],
])('the digest of %j is that of its JSON', (value) => {
  expect(digestOfJson(value)).toBe(sha256(JSON.stringify(value)));
});

test('the digest of many small examples is that of their JSON, in pieces that end anywhere', () => {
  const examples = Array.from({ length: 300_000 }, (_, i) => ({
    sequences: [[1, i, 2]],
    answer: i % 2,
    text: '语\ud800',
  }));
  expect(digestOfJson({ examples })).toBe(sha256(JSON.stringify({ examples })));
});

test('what is longer as JSON than a string can be has one too', () => {
  const long = 'x'.repeat(2 ** 20);
  const list = Array.from({ length: 600 }, () => ({ long, rest: [1] }));
  expect(() => JSON.stringify(list)).toThrow(RangeError);
  expect(digestOfJson(list)).toMatch(/^[0-9a-f]{64}$/);
});

test('the digest of files is that of their bytes, one after another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-digest-'));
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  await writeFile(a, 'one');
  await writeFile(b, 'two');
  expect(await digestOfFiles([a, b])).toBe(sha256('onetwo'));
  expect(await digestOfFiles([])).toBe(sha256(''));
  await expect(digestOfFiles([a, join(folder, 'c')])).rejects.toThrow(/c: ENOENT/);
  await rm(folder, { recursive: true });
});
