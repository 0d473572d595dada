import { ArgumentError } from '../errors.js';

/** Element types. What JavaScript has no typed array for (bfloat16, float16) is read as float32. */
export type DType = 'float32' | 'float64' | 'bfloat16' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';

/** What `Tensor.toArray` gives, by dtype. */
export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;

/** Numbers as users write them; nested arrays give the shape. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** The view of `buffer` that belongs to a dtype. */
export function viewOf(buffer: ArrayBuffer, dtype: DType): TensorData {
  switch (dtype) {
    case 'float64':
      return new Float64Array(buffer);
    case 'int64':
      return new BigInt64Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'int8':
      return new Int8Array(buffer);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer);
    default:
      return new Float32Array(buffer);
  }
}

/** Whole numbers that a dtype holds. JavaScript's numbers are whole numbers for certain up to 2^53 - 1. */
const RANGES = {
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
} as const;

/**
 * Packs numbers for upload. bfloat16 and float16 are packed as float32 and cast on the engine thread.
 * @throws ArgumentError for a number that the dtype does not hold
 */
export function pack(values: readonly number[], dtype: DType): TensorData {
  switch (dtype) {
    case 'float64':
      return Float64Array.from(values);
    case 'int64':
      return BigInt64Array.from(values, (value) => BigInt(inRange(value, dtype)));
    case 'int32':
      return Int32Array.from(values, (value) => inRange(value, dtype));
    case 'int8':
      return Int8Array.from(values, (value) => inRange(value, dtype));
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values, (value) => inRange(value, dtype));
    default:
      return Float32Array.from(values);
  }
}

/** By name: a test runner may give a test classes of its own, of which nothing from outside is an instance. */
const DTYPES: Readonly<Record<string, DType>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  BigInt64Array: 'int64',
  Int32Array: 'int32',
  Int8Array: 'int8',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
};

/** The dtype that a typed array holds without conversion. @throws ArgumentError for one that no dtype is like */
export function dtypeOf(data: TensorData): DType {
  const name: string = data[Symbol.toStringTag];
  const dtype = DTYPES[name];
  if (dtype !== undefined) return dtype;
  throw new ArgumentError(`tensor: data is a ${name}; allowed: ${Object.keys(DTYPES).join(', ')}, arrays of numbers`);
}

/** Flattens nested arrays and finds their shape. @throws ArgumentError for rows that differ in length, and what is no number */
export function flatten(nested: NestedNumbers): { values: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let level = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  const values: number[] = [];
  const visit = (node: NestedNumbers, depth: number): void => {
    const isRow = Array.isArray(node);
    if (!isRow && typeof node !== 'number') {
      throw new ArgumentError(`tensor: data has ${inWords(node)}; allowed: numbers, in nested or typed arrays`);
    }
    if (isRow ? node.length !== shape[depth] : depth !== shape.length) {
      throw new ArgumentError('tensor: rows of nested arrays must be equally long');
    }
    if (!isRow) values.push(node as number);
    else for (const child of node) visit(child, depth + 1);
  };
  visit(nested, 0);
  return { values, shape };
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `${typeof value} ${String(value)}`;
}

function inRange(value: number, dtype: keyof typeof RANGES): number {
  const [least, most] = RANGES[dtype];
  if (value >= least && value <= most && Number.isInteger(value)) return value;
  const told = `tensor: data has ${value}; ${dtype} holds whole numbers from ${least} to ${most}`;
  throw new ArgumentError(told);
}
