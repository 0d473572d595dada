import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  GPT,
  InputError,
  loadSafetensors,
  readSafetensorsHeader,
  saveSafetensors,
  tensor,
  zeros,
} from '../../../lib/index.js';
import { entry, fileOf, xxh64 } from './safetensors-bytes.js';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-checksums-'));
  path = join(folder, 'a.safetensors');
});
afterAll(() => rm(folder, { recursive: true }));

const MIB = 1 << 20;

function hex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/** XXH64 of the XXH64s of pieces of 1 MiB, as lib/io/checksums.ts says. */
function expectedChecksum(data: Uint8Array): string {
  const pieces = Array.from({ length: Math.ceil(data.length / MIB) }, (_, i) => data.subarray(i * MIB, (i + 1) * MIB));
  return hex(xxh64(new Uint8Array(BigUint64Array.from(pieces, xxh64).buffer)));
}

test('the hash of the tests is XXH64', () => {
  // Values of the reference implementation.
  expect(hex(xxh64(new Uint8Array(0)))).toBe('ef46db3751d8e999');
  expect(hex(xxh64(Buffer.from('a')))).toBe('d24ec4f1a98c6e5b');
  expect(hex(xxh64(Buffer.from('abc')))).toBe('44bc2cf5ad770999');
});

test.each([0, 1, 3, 7, 8, 9, 77, MIB / 4, MIB / 4 + 1, MIB])(
  'what is written of %i numbers has its checksum',
  async (count) => {
    const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
    await saveSafetensors(path, [
      ['x', tensor(values)],
      ['y', tensor([1, 2, 3], { dtype: 'uint8' })],
    ]);
    const { tensors, metadata } = await readSafetensorsHeader(path);
    expect(metadata).toEqual({});
    expect(tensors.get('x')?.checksum).toBe(expectedChecksum(new Uint8Array(values.buffer)));
    expect(tensors.get('y')?.checksum).toBe(expectedChecksum(Uint8Array.of(1, 2, 3)));
  },
);

test('the header has a CRC-32 of itself', async () => {
  await saveSafetensors(path, [['x', tensor([1])]], { note: 'checksum.tensors' });
  const bytes = await readFile(path);
  const json = bytes.toString('latin1', 8, 8 + Number(bytes.readBigUInt64LE(0)));
  const found = /crc32:([0-9a-f]{8})/.exec(json)?.[1];
  const blank = json.replace(/crc32:.{8}/, 'crc32:00000000').replace(/xxh64:.{16}/, `xxh64:${'0'.repeat(16)}`);
  expect(found).toBe(crc32(blank).toString(16).padStart(8, '0'));
});

describe('damage', () => {
  test('of any byte is noticed: header, metadata or tensor', async () => {
    const [a, b] = [tensor([1.5, -2, 3]), tensor([7], { dtype: 'int64' })];
    await saveSafetensors(path, Object.entries({ a, b }), { state: '{"step":1}' });
    const bytes = await readFile(path);
    const x = zeros([3]);
    const into = Object.entries({ a: x, b: zeros([1], { dtype: 'int64' }) });
    const unnoticed: number[] = [];
    for (const at of bytes.keys()) {
      const broken = Buffer.from(bytes);
      broken[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      await writeFile(path, broken);
      const error = await loadSafetensors(path, into).catch((error) => error);
      if (!(error instanceof InputError)) unnoticed.push(at);
    }
    expect(unnoticed).toEqual([]);
    await writeFile(path, bytes);
    await loadSafetensors(path, into);
    expect(Array.from(await x.toArray(), Number)).toEqual([1.5, -2, 3]);
  });

  test('is told with file and tensor, and what was copied from it cannot be used', async () => {
    await saveSafetensors(path, [
      ['first', tensor([1, 2])],
      ['second', tensor([3, 4])],
    ]);
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(path, bytes);
    const [first, second] = [zeros([2]), zeros([2])];
    const load = () =>
      loadSafetensors(path, [
        ['first', first],
        ['second', second],
      ]);
    await expect(load()).rejects.toThrow(InputError);
    await expect(load()).rejects.toThrow(
      new RegExp(`^${path}: tensor second is damaged: its checksum is [0-9a-f]{16}`),
    );
    await expect(second.toArray()).rejects.toThrow(/tensor second is damaged/);
    await saveSafetensors(path, [
      ['first', tensor([1, 2])],
      ['second', tensor([3, 4])],
    ]);
    await load();
    expect(Array.from(await second.toArray(), Number)).toEqual([3, 4]);
  });

  test('in a model directory leaves no model', async () => {
    const model = new GPT({ vocabSize: 7, contextLength: 4, layers: 1, heads: 1, width: 8 });
    await model.save(folder);
    const weights = join(folder, 'model.safetensors');
    const bytes = await readFile(weights);
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 4;
    await writeFile(weights, bytes);
    await expect(GPT.load(folder)).rejects.toThrow(`${weights}: tensor transformer.ln_f.bias is damaged`);
  });
});

test('metadata that is carried over does not keep the checksums of other tensors', async () => {
  await saveSafetensors(path, [['x', tensor([1])]]);
  const bytes = await readFile(path);
  const json = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0))));
  await saveSafetensors(path, [['x', tensor([2])]], { ...json.__metadata__, note: 'mine' });
  expect(await loadSafetensors(path, [['x', zeros([1])]])).toEqual({ note: 'mine' });
});

test('a header that another program rewrote is refused with what to do; without the checksums it is read', async () => {
  await saveSafetensors(path, [['x', tensor([1])]]);
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, x } = JSON.parse(bytes.toString('utf8', 8, start));
  const rewritten = fileOf({ x, __metadata__: metadata }, bytes.subarray(start));
  await writeFile(path, rewritten);
  await expect(readSafetensorsHeader(path)).rejects.toThrow(
    /header is damaged.*rewrote the file on purpose, remove checksum/,
  );
  await writeFile(path, fileOf({ x }, bytes.subarray(start)));
  const loaded = zeros([1]);
  await loadSafetensors(path, [['x', loaded]]);
  expect(await loaded.item()).toBe(1);
});

test('one of the checksums alone is damage', async () => {
  for (const metadata of [{ 'checksum.header': 'crc32:00000000' }, { 'checksum.tensors': 'xxh64:' }]) {
    await writeFile(path, fileOf({ __metadata__: metadata, x: entry('F32', [1], 0, 4) }, 4));
    await expect(readSafetensorsHeader(path)).rejects.toThrow(/header is damaged/);
  }
});
