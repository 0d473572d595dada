import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  InputError,
  loadSafetensors,
  readSafetensorsHeader,
  saveSafetensors,
  tensor,
  zeros,
} from '../../../lib/index.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-io-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(header: unknown, body: number): Promise<string> {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  const path = join(folder, 'written.safetensors');
  await writeFile(path, Buffer.concat([length, Buffer.from(text), Buffer.alloc(body)]));
  return path;
}
const entry = (dtype: string, shape: number[], from: number, to: number) => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

test('what is saved comes back, dtypes and metadata too, and no temporary file is left', async () => {
  const path = join(folder, 'round-trip.safetensors');
  const a = tensor([
    [1, 2],
    [3, 4.5],
  ]);
  const b = tensor([7, 8], { dtype: 'int64' });
  await saveSafetensors(
    path,
    [
      ['a', a],
      ['b', b],
    ],
    { note: 'mine' },
  );
  const [c, d] = [zeros([2, 2]), zeros([2], { dtype: 'int64' })];
  expect(
    await loadSafetensors(path, [
      ['a', c],
      ['b', d],
    ]),
  ).toEqual({ note: 'mine' });
  expect(await c.toArray()).toEqual(await a.toArray());
  expect(await d.toArray()).toEqual(await b.toArray());
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  // The reference format: the header's length, JSON padded to eight bytes, then the data.
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE(0));
  expect(length % 8).toBe(0);
  expect(JSON.parse(bytes.toString('utf8', 8, 8 + length)).a).toEqual(entry('F32', [2, 2], 0, 16));
  expect(bytes.readFloatLE(8 + length + 12)).toBe(4.5);
});

test('bfloat16 in a file is widened exactly', async () => {
  const path = join(folder, 'bfloat16.safetensors');
  await saveSafetensors(path, [['x', tensor([1.5, -2], { dtype: 'bfloat16' })]]);
  const x = zeros([2]);
  await loadSafetensors(path, [['x', x]]);
  expect(Array.from(await x.toArray(), Number)).toEqual([1.5, -2]);
});

test('a failed write leaves the file before as it was', async () => {
  const path = join(folder, 'kept.safetensors');
  await saveSafetensors(path, [['x', tensor([1])]]);
  const broken = zeros([1]).indexSelect(0, tensor([5], { dtype: 'int64' }));
  await expect(saveSafetensors(path, [['x', broken]])).rejects.toThrow(/index/);
  const x = zeros([1]);
  await loadSafetensors(path, [['x', x]]);
  expect(await x.item()).toBe(1);
  await expect(saveSafetensors(join(folder, 'no', 'where'), [['x', x]])).rejects.toThrow(/cannot create .*no.where/);
});

describe('a bad file is refused, naming file and tensor', () => {
  test.each([
    ['overlapping', { a: entry('F32', [2], 0, 8), b: entry('F32', [2], 4, 12) }, 12, /tensor b begins at byte/],
    ['truncated', { a: entry('F32', [4], 0, 16) }, 8, /tensor a: ends at byte .* cut short/],
    ['oversized', { a: entry('F32', [1], 0, 4) }, 9, /5 bytes behind the last tensor/],
    [
      'with a wrong length',
      { a: entry('F32', [3], 0, 8) },
      8,
      /tensor a: \[3\] of F32 takes 12 bytes, the file gives it 8/,
    ],
    ['of an unknown dtype', { a: entry('F8', [8], 0, 8) }, 8, /tensor a: dtype F8; known are F64/],
    ['with a bad shape', { a: { ...entry('F32', [2], 0, 8), shape: [-2] } }, 8, /tensor a.*shape/],
    ['without JSON', '{"a":', 8, /the header is not JSON/],
  ])('%s', async (_name, header, body, message) => {
    const path = await written(header, body);
    await expect(readSafetensorsHeader(path)).rejects.toThrow(InputError);
    await expect(readSafetensorsHeader(path)).rejects.toThrow(message);
    await expect(readSafetensorsHeader(path)).rejects.toThrow(path);
  });

  test('too short for a header, or with an absurd one', async () => {
    const path = join(folder, 'short');
    await writeFile(path, 'abc');
    await expect(readSafetensorsHeader(path)).rejects.toThrow(/not a safetensors file/);
    await writeFile(path, Buffer.alloc(64, 0xff));
    await expect(readSafetensorsHeader(path)).rejects.toThrow(/not a safetensors file/);
  });
});
