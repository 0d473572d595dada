import { ArgumentError } from '../errors.js';
import { flatten, type NestedNumbers } from '../tensor/dtype.js';
import type { DType, TensorData } from '../tensor/index.js';
import { sizeOf } from './reference.js';

/**
 * What a matcher needs of a tensor. Known by these members and not by its class: a test runner may load gptorch more
 * than once in a process.
 */
export interface TensorLike {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The values in row-major order. */
  toArray(): Promise<TensorData>;
}

/** Numbers with their shape. A `Reference` is such a thing. */
export interface ShapedNumbers {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Numbers;
  /** Decides the default tolerance with the tensor's. Default: what the typed array says; of plain arrays none. */
  readonly dtype?: DType;
  /** Said in messages. */
  readonly name?: string;
}

/** Numbers in a row. */
export type Numbers = ArrayLike<number> | ArrayLike<bigint>;

/** What can be compared: a tensor, what was read from a file, nested arrays, a typed array (one dimension). */
export type Comparable = TensorLike | ShapedNumbers | NestedNumbers | NodeJS.TypedArray;

/** The values of one side, read. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Numbers;
  readonly dtype?: DType;
  readonly name?: string;
}

/** Reads a side. @throws ArgumentError when it is nothing comparable, or its numbers do not fill its shape */
export async function valuesOf(source: Comparable, side: string): Promise<Values> {
  const values = await read(source, side);
  if (values.data.length !== sizeOf(values.shape)) {
    throw new ArgumentError(
      `toBeCloseToTensor: ${side} has ${values.data.length} numbers, but its shape is [${values.shape}]`,
    );
  }
  return values;
}

async function read(source: Comparable, side: string): Promise<Values> {
  if (typeof source === 'number') return { shape: [], data: [source] };
  if (ArrayBuffer.isView(source)) return { shape: [source.length], data: source, dtype: dtypeOf(source) };
  if (Array.isArray(source)) {
    const { values, shape } = flatten(source as NestedNumbers);
    return { shape, data: values };
  }
  if (typeof source === 'object' && source !== null && 'shape' in source) {
    if ('toArray' in source) return { shape: source.shape, dtype: source.dtype, data: await source.toArray() };
    if ('data' in source) {
      const { shape, data, name, dtype = dtypeOf(data) } = source;
      return { shape, data, name, dtype };
    }
  }
  const got = source === null ? 'null' : typeof source;
  throw new ArgumentError(
    `toBeCloseToTensor: ${side} is ${got}; it takes a tensor, a reference, {shape, data}, nested or typed arrays`,
  );
}

const DTYPES: Readonly<Record<string, DType>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  BigInt64Array: 'int64',
  BigUint64Array: 'int64',
  Uint32Array: 'int64',
  Int32Array: 'int32',
  Int16Array: 'int32',
  Uint16Array: 'int32',
  Int8Array: 'int32',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
};

/** By name: Jest gives every test file classes of its own, of which nothing from outside is an instance. */
function dtypeOf(data: Numbers | NodeJS.TypedArray): DType | undefined {
  return ArrayBuffer.isView(data) ? DTYPES[data[Symbol.toStringTag]] : undefined;
}
