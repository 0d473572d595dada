import { describe, expect, it } from 'vitest';
import { dropout, Generator, tensor } from '../../lib/tensor/index.js';
import { device } from './device.js';

/** Philox4x32-10 (Salmon et al. 2011), written down once more. */
function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0 = 0n, c1 = 0n, c2 = 0n, c3 = 0n] = counter.map((word) => BigInt(word >>> 0));
  let [k0 = 0n, k1 = 0n] = key.map((word) => BigInt(word >>> 0));
  const word = 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [c0 * 0xd2511f53n, c2 * 0xcd9e8d57n];
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & word, (p0 >> 32n) ^ c3 ^ k1, p0 & word];
    [k0, k1] = [(k0 + 0x9e3779b9n) & word, (k1 + 0xbb67ae85n) & word];
  }
  return [c0, c1, c2, c3].map(Number);
}

/** Whether the element at `place` is kept: by the rule of native/ops/dropout/mask.h. */
function isKept(
  place: number,
  p: number,
  { seed, step, ordinal }: { seed: number; step: number; ordinal: number },
): boolean {
  const [chunk, inChunk] = [Math.floor(place / 128), place % 128];
  const [k, lane] = [Math.floor(inChunk / 16), inChunk % 16];
  const words = philox([chunk * 16 + lane, ordinal, step, 0], [seed, 0]);
  const word = words[k % 4] ?? 0;
  return (k < 4 ? word & 0xffff : word >>> 16) >= Math.round(p * 65536);
}

describe('dropout', () => {
  // One element, less than a chunk, a whole one, several and a rest.
  it.each([1, 77, 128, 1000])('drops of %i elements those that Philox says, on every device', async (count) => {
    const [p, key] = [0.3, { seed: 42, step: 7, ordinal: 0 }];
    const values = Float32Array.from({ length: count }, (_, i) => i + 1);
    const generator = new Generator();
    generator.restore(key);
    const got = await dropout(tensor(values, { device }), p, generator).toArray();
    const scale = Math.fround(65536 / (65536 - Math.round(p * 65536)));
    const expected = values.map((value, place) => (isKept(place, p, key) ? Math.fround(scale * value) : 0));
    expect(got).toEqual(expected);
  });
});
