import { describe, expect, test } from 'vitest';
import { ArgumentError, type DType, ones, tensor } from '../../../lib/index.js';

describe('transpose', () => {
  test.each([
    [0, 2],
    [-1, -3],
    [1, -1],
  ])('swaps %d and %d', (a, b) => {
    const shape = [2, 3, 4];
    const [first, second] = [(a + 3) % 3, (b + 3) % 3];
    const swapped = shape.with(first, shape[second] ?? 0).with(second, shape[first] ?? 0);
    expect(ones(shape).transpose(a, b).shape).toEqual(swapped);
  });

  test.each([
    [3, 0, 'a is 3'],
    [0, -4, 'b is -4'],
    [5, 0, 'a is 5'],
    [0.5, 0, 'a is 0.5'],
    [0, Number.NaN, 'b is NaN'],
  ])('refuses %d and %d', (a, b, says) => {
    expect(() => ones([2, 3, 4]).transpose(a, b)).toThrow(ArgumentError);
    expect(() => ones([2, 3, 4]).transpose(a, b)).toThrow(`transpose: ${says}; allowed for 3 dimensions: -3 to 2`);
  });

  test('of a tensor without dimensions takes 0 and -1', () => {
    expect(tensor(1).transpose(0, -1).shape).toEqual([]);
    expect(() => tensor(1).transpose(1, 0)).toThrow(ArgumentError);
  });
});

describe('expand', () => {
  test.each([
    [-1, 3],
    [2, -3],
    [1, 2],
  ])('refuses (1, 3) to (%d, %d) at once', (...shape) => {
    expect(() => ones([1, 3]).expand(...shape)).toThrow(ArgumentError);
  });
});

describe('whole numbers', () => {
  const ranges: [DType, number, number][] = [
    ['int64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['int32', -(2 ** 31), 2 ** 31 - 1],
    ['int8', -128, 127],
    ['uint8', 0, 255],
    ['bool', 0, 1],
  ];
  test.each(ranges)('%s holds %d to %d, and nothing beyond', async (dtype, least, most) => {
    expect(Array.from(await tensor([least, most], { dtype }).toArray(), Number)).toEqual([least, most]);
    for (const value of [least - 1, most + 1, 2 ** 60, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(() => tensor([0, value], { dtype })).toThrow(ArgumentError);
      expect(() => tensor([0, value], { dtype })).toThrow(`tensor: data has ${value}; ${dtype} holds whole numbers`);
    }
    expect(() => tensor([0.5], { dtype })).toThrow(ArgumentError);
  });

  test('a typed array has no other bits for bool than 0 and 1', async () => {
    expect(await tensor(Uint8Array.of(0, 1), { dtype: 'bool' }).toArray()).toEqual(Uint8Array.of(0, 1));
    expect(() => tensor(Uint8Array.of(0, 2), { dtype: 'bool' })).toThrow(ArgumentError);
  });
});

describe('data that a tensor cannot hold', () => {
  test.each<[unknown, string]>([
    ['abc', 'data has string abc'],
    [[['1']], 'data has string 1'],
    [[1, null], 'data has null'],
    [[1, undefined], 'data has undefined;'],
    [[true], 'data has boolean true'],
    [[1n], 'data has bigint 1'],
    [[[1], 2], 'rows of nested arrays must be equally long'],
    [[1, [2]], 'rows of nested arrays must be equally long'],
    [Uint16Array.of(1), 'data is a Uint16Array; allowed: Float32Array,'],
    [new DataView(new ArrayBuffer(4)), 'data is a DataView; allowed: Float32Array,'],
  ])('%o is told at once', (data, says) => {
    expect(() => tensor(data as number[])).toThrow(ArgumentError);
    expect(() => tensor(data as number[])).toThrow(`tensor: ${says}`);
  });

  test('bytes of any class are fine', async () => {
    for (const bytes of [Uint8Array.of(1, 255), Buffer.of(1, 255), Uint8ClampedArray.of(1, 255) as unknown]) {
      expect([...(await tensor(bytes as Uint8Array).toArray())]).toEqual([1, 255]);
    }
  });
});
