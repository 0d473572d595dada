import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../lib/errors.js';
import { type Reference, readReference, readReferences } from '../../../lib/testing/index.js';
import { makeZip } from '../addon/fake-wheel.js';

/** Written by test/fixtures/testing/make.py, with NumPy's own account of what is in them. */
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/testing/${name}`, import.meta.url));
const accounts: Record<string, { shape: number[]; values: string[] }> = JSON.parse(
  readFileSync(fixture('expected.json'), 'utf8'),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-references-'));
});
afterAll(() => rm(folder, { recursive: true }));

function expectAccount(reference: Reference, name: string): void {
  const { shape, values } = accounts[name] ?? { shape: [], values: [] };
  expect(reference.shape, name).toEqual(shape);
  const whole = reference.data instanceof BigInt64Array;
  const wanted = values.map((text) => (whole ? BigInt(text) : Number(text.replace('inf', 'Infinity'))));
  expect([...reference.data], name).toEqual(wanted);
}

const dtypes: Record<string, string> = {
  ...{ f2: 'float16', f4: 'float32', f8: 'float64', b1: 'bool' },
  ...{ i1: 'int32', i2: 'int32', i4: 'int32', i8: 'int64', u1: 'uint8', u2: 'int32', u4: 'int64', u8: 'int64' },
};

describe.each(['stored.npz', 'deflated.npz'])('%s', (file) => {
  test('holds what NumPy says: every dtype, both byte orders, both memory orders', async () => {
    const references = await readReferences(fixture(file));
    expect(references.names).toHaveLength(48);
    for (const name of references.names) {
      expectAccount(references.get(name), name);
      expect(references.get(name).dtype).toBe(dtypes[name.slice(0, 2)]);
    }
  });
});

test.each([1, 2, 3])('.npy of version %i', async (version) => {
  const path = fixture(`version${version}.npy`);
  const data = Float32Array.from([0, 1, 2, 3, 4, 5]);
  expect(await readReference(path)).toEqual({ name: path, dtype: 'float32', shape: [2, 3], data });
});

test('a number, a row, nothing', async () => {
  expect(await readReference(fixture('number.npy'))).toMatchObject({ shape: [], data: Float64Array.of(2.5) });
  expect(await readReference(fixture('row.npy'))).toMatchObject({ shape: [3], data: BigInt64Array.of(0n, 1n, 2n) });
  expect(await readReference(fixture('empty.npy'))).toMatchObject({ shape: [0, 4], data: new Float32Array() });
});

test('safetensors, bfloat16 and float16 among them', async () => {
  const references = await readReferences(fixture('tensors.safetensors'));
  expect([...references.names].sort()).toEqual(['bfloat16', 'bool', 'float16', 'float32', 'int64']);
  for (const name of references.names) {
    expectAccount(references.get(name), name);
    expect(references.get(name).dtype).toBe(name);
  }
});

test('a name that the file lacks is an error that says which there are', async () => {
  const references = await readReferences(fixture('tensors.safetensors'));
  expect(() => references.get('float23')).toThrow(/tensors.safetensors: unknown tensor "float23", did you mean "float/);
});

test.each([
  ['complex.npy', /dtype "<c8"; read are f8, f4/],
  ['records.npy', /has no descr that can be read/],
  ['beyond-int64.npy', /9223372036854775808 does not fit int64/],
  ['missing.npy', /cannot be read \(ENOENT\)/],
  ['stored.npz', /not a .npy file; readReferences opens it/],
])('%s is refused', async (file, message) => {
  const refused = readReference(fixture(file));
  await expect(refused).rejects.toThrow(InputError);
  await expect(refused).rejects.toThrow(message);
});

test.each(['missing.npz', 'missing.safetensors', 'number.npy', 'expected.json'])('%s is no archive', async (file) => {
  await expect(readReferences(fixture(file))).rejects.toThrow(InputError);
});

describe('a damaged file is an InputError that names it', () => {
  test.each([5, 9, 40, 130, 151])('.npy cut after %i bytes', async (length) => {
    const path = join(folder, 'cut.npy');
    writeFileSync(path, readFileSync(fixture('version1.npy')).subarray(0, length));
    await expect(readReference(path)).rejects.toThrow(InputError);
    await expect(readReference(path)).rejects.toThrow(path);
  });

  test('bytes behind the values', async () => {
    const path = join(folder, 'long.npy');
    writeFileSync(path, Buffer.concat([readFileSync(fixture('version1.npy')), Buffer.alloc(4)]));
    await expect(readReference(path)).rejects.toThrow(/takes 24 bytes, the file has 28/);
  });

  test('.npz cut, with a flipped bit, with a member that is no array', async () => {
    const path = join(folder, 'bad.npz');
    const whole = readFileSync(fixture('stored.npz'));
    writeFileSync(path, whole.subarray(0, whole.length - 30));
    await expect(readReferences(path)).rejects.toThrow(/bad.npz is damaged/);
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(200) ^ 1, 200);
    writeFileSync(path, flipped);
    await expect(readReferences(path)).rejects.toThrow(/wrong checksum/);
    writeFileSync(path, makeZip({ 'readme.txt': 'hello, this is text' }));
    await expect(readReferences(path)).rejects.toThrow(/readme.txt: not a .npy file/);
  });
});
