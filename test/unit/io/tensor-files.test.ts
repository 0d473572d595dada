import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InputError, loadSafetensors, openTensorFiles, tensor, zeros } from '../../../lib/index.js';
import { entry, fileOf } from './safetensors-bytes.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-shards-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A shard of one number a tensor. */
async function shard(name: string, values: Record<string, number>): Promise<void> {
  const names = Object.keys(values);
  const header = Object.fromEntries(names.map((key, i) => [key, entry('F32', [1], 4 * i, 4 * i + 4)]));
  await writeFile(join(folder, name), fileOf(header, new Uint8Array(Float32Array.from(Object.values(values)).buffer)));
}

async function index(weightMap: unknown): Promise<string> {
  const path = join(folder, 'model.safetensors.index.json');
  const text = typeof weightMap === 'string' ? weightMap : JSON.stringify({ metadata: {}, weight_map: weightMap });
  await writeFile(path, text);
  return path;
}

test('shards are read as one file', async () => {
  await shard('1.safetensors', { a: 1, b: 2 });
  await shard('2.safetensors', { c: 3 });
  const path = await index({ c: '2.safetensors', b: '1.safetensors', a: '1.safetensors' });
  const into = { a: zeros([1]), b: zeros([1]), c: zeros([1]) };
  await loadSafetensors(path, Object.entries(into), { mayIgnore: () => false });
  expect(await Promise.all(Object.values(into).map((each) => each.item()))).toEqual([1, 2, 3]);
});

describe('refused, naming file and tensor', () => {
  test.each([
    [
      'a shard that is missing',
      { a: '1.safetensors', c: '3.safetensors' },
      /3.safetensors: cannot be opened \(ENOENT\).*tensor c/,
    ],
    [
      'a tensor that its shard has not',
      { a: '1.safetensors', b: '1.safetensors', z: '1.safetensors' },
      /tensor z is not in .*1.safetensors/,
    ],
    [
      'a tensor in another shard',
      { a: '1.safetensors', b: '2.safetensors', c: '2.safetensors' },
      /tensor b is not in .*2.safetensors/,
    ],
    ['a tensor that the index has not', { a: '1.safetensors' }, /1.safetensors: tensor b is not in the index/],
    ['a way out of the folder', { a: '../1.safetensors' }, /tensor a is in "..\/1.safetensors", which names no file/],
    ['another kind of file', { a: 'pytorch_model.bin' }, /tensor a is in "pytorch_model.bin"/],
    ['a tensor twice in the index', '{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}', /"a" is there twice/],
    ['an index that is not JSON', '{', /index.json: not JSON/],
    ['an index without its map', '{}', /"weight_map" is missing/],
    ['an index of something else', '{"weight_map":{"a":1}}', /weight_map.a/],
  ])('%s', async (_name, weightMap, message) => {
    await shard('1.safetensors', { a: 1, b: 2 });
    await shard('2.safetensors', { c: 3 });
    const path = await index(weightMap);
    await expect(openTensorFiles(path)).rejects.toThrow(InputError);
    await expect(openTensorFiles(path)).rejects.toThrow(message);
  });

  test('a tensor in two shards', async () => {
    await shard('1.safetensors', { a: 1 });
    await shard('2.safetensors', { a: 2, c: 3 });
    const path = await index({ a: '1.safetensors', c: '2.safetensors' });
    await expect(openTensorFiles(path)).rejects.toThrow(/2.safetensors: tensor a is also in .*1.safetensors/);
  });

  test('a damaged shard, before anything is copied', async () => {
    await shard('1.safetensors', { a: 1 });
    await writeFile(join(folder, '2.safetensors'), 'nonsense');
    const path = await index({ a: '1.safetensors', c: '2.safetensors' });
    const a = tensor([9]);
    await expect(loadSafetensors(path, [['a', a]])).rejects.toThrow(/2.safetensors: not a safetensors file/);
    expect(await a.item()).toBe(9);
  });
});
