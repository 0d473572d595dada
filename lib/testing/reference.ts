import type { DType, TensorData } from '../tensor/index.js';

/**
 * A tensor read from a file. It fits the arguments of `tensor`, so that inputs can be stored beside outputs:
 * `tensor(reference.data, reference)`.
 */
export interface Reference {
  /** The file, and the tensor's name in it where it holds several. */
  readonly name: string;
  /** What holds the file's numbers: int8, int16 and uint16 come as int32, uint32 and uint64 as int64. */
  readonly dtype: DType;
  /** Lengths of the dimensions; empty for a single number. */
  readonly shape: readonly number[];
  /** Row-major; bfloat16 and float16 as float32. */
  readonly data: TensorData;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
