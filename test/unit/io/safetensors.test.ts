import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ArgumentError,
  copyTensors,
  InputError,
  loadSafetensors,
  openTensorFiles,
  readSafetensorsHeader,
  saveSafetensors,
  tensor,
  zeros,
} from '../../../lib/index.js';
import { entry, fileOf } from './safetensors-bytes.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-io-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(header: unknown, body: number): Promise<string> {
  const path = join(folder, 'written.safetensors');
  await writeFile(path, fileOf(header, body));
  return path;
}

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
  await expect(saveSafetensors(join(folder, 'no', 'where'), [['x', x]])).rejects.toThrow(
    /cannot write .*no.where: No such file/,
  );
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
    ['with a gap', { a: entry('F32', [1], 0, 4), b: entry('F32', [1], 8, 12) }, 12, /tensor b begins at byte/],
    ['with an end before the begin', { a: entry('F32', [1], 8, 4) }, 8, /tensor a: .* the file gives it -4/],
    [
      'with an offset that is no number',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[null,4]}}',
      4,
      /tensor a.*offsets/,
    ],
    ['with a fraction of a byte', { a: entry('F32', [1], 0.5, 4.5) }, 8, /tensor a.*offsets/],
    ['with a huge size', { a: entry('F32', [2 ** 52, 2 ** 52, 2 ** 52], 0, 4) }, 4, /tensor a: .* the file gives it 4/],
    ['with sizes that overflow to fit', { a: entry('U8', [2 ** 32, 2 ** 32, 4], 0, 0) }, 0, /tensor a: .* gives it 0/],
    [
      'with more than a number holds',
      '{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}',
      4,
      /tensor a.*shape/,
    ],
    [
      'with a tensor twice',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{}}',
      4,
      /"a" is there twice/,
    ],
    [
      'with a field twice',
      '{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}',
      4,
      /"dtype" is there twice/,
    ],
    ['with deep nesting', `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 4, /nested deeper/],
    ['that holds a list', '[]', 0, /safetensors/],
    ['with metadata that is no text', { __metadata__: { a: 1 } }, 0, /__metadata__/],
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

test('empty tensors may lie anywhere between the others', async () => {
  const path = await written(
    { a: entry('F32', [1], 0, 4), b: entry('F32', [0, 3], 0, 0), c: entry('F32', [0], 4, 4) },
    4,
  );
  expect([...(await readSafetensorsHeader(path)).tensors.keys()]).toEqual(['b', 'a', 'c']);
});

describe('what does not fit is refused before anything is read', () => {
  test.each([
    ['another shape', ['x', 'F32', [2]], /tensor x is \[2\], the model's is \[1\]/],
    ['another kind of numbers', ['x', 'I32', [1]], /tensor x is int32, the model's is float32/],
    ['a missing tensor', ['z', 'F32', [1]], /tensor x is missing/],
  ] as const)('%s', async (_name, [name, dtype, shape], message) => {
    const size = 4 * (shape[0] ?? 0);
    const path = await written({ y: entry('F32', [1], 0, 4), [name]: entry(dtype, [...shape], 4, 4 + size) }, 4 + size);
    const [x, y] = [tensor([5]), tensor([6])];
    const load = () => loadSafetensors(path, Object.entries({ y, x }));
    await expect(load()).rejects.toThrow(InputError);
    await expect(load()).rejects.toThrow(message);
    expect([await x.item(), await y.item()]).toEqual([5, 6]);
  });

  test('a tensor that may not be ignored', async () => {
    const path = await written({ x: entry('F32', [1], 0, 4), y: entry('F32', [1], 4, 8) }, 8);
    const x = tensor([5]);
    const load = loadSafetensors(path, [['x', x]], { mayIgnore: () => false });
    await expect(load).rejects.toThrow(`${path}: tensor y has no place in the model`);
    expect(await x.item()).toBe(5);
  });
});

test('a file is read as it was opened, whatever takes its name meanwhile', async () => {
  const path = join(folder, 'replaced.safetensors');
  await saveSafetensors(path, [['x', tensor([1])]]);
  const files = await openTensorFiles(path);
  await saveSafetensors(path, [['x', tensor([2])]]);
  const x = zeros([1]);
  await copyTensors(files, [['x', x]]);
  await files.close();
  expect(await x.item()).toBe(1);
});

test('numbers that look like indices, the metadata’s own name, and a name twice', async () => {
  const path = join(folder, 'names.safetensors');
  await saveSafetensors(path, [
    ['10', tensor([1])],
    ['2', tensor([2])],
  ]);
  const two = zeros([1]);
  await loadSafetensors(path, [['2', two]]);
  expect(await two.item()).toBe(2);
  for (const name of ['10', '__metadata__']) {
    const save = saveSafetensors(path, [
      ['10', tensor([1])],
      [name, tensor([2])],
    ]);
    await expect(save).rejects.toThrow(ArgumentError);
  }
});
