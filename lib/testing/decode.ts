import type { DType, TensorData } from '../tensor/index.js';

/** How a number is stored in a file, in NumPy's letters: kind and bytes; `bf2` is bfloat16. */
export type Encoding = 'f8' | 'f4' | 'f2' | 'bf2' | 'i8' | 'i4' | 'i2' | 'i1' | 'u8' | 'u4' | 'u2' | 'u1' | 'b1';

const floats = (count: number) => new Float32Array(count);
const doubles = (count: number) => new Float64Array(count);
const ints = (count: number) => new Int32Array(count);
const longs = (count: number) => new BigInt64Array(count);
const bytes = (count: number) => new Uint8Array(count);

const codecs = {
  f8: codec('float64', 8, doubles, (view, at, little) => view.getFloat64(at, little)),
  f4: codec('float32', 4, floats, (view, at, little) => view.getFloat32(at, little)),
  f2: codec('float16', 2, floats, (view, at, little) => fromHalf(view.getUint16(at, little))),
  bf2: codec('bfloat16', 2, floats, (view, at, little) => fromBfloat16(view.getUint16(at, little))),
  i8: codec('int64', 8, longs, (view, at, little) => view.getBigInt64(at, little)),
  i4: codec('int32', 4, ints, (view, at, little) => view.getInt32(at, little)),
  i2: codec('int32', 2, ints, (view, at, little) => view.getInt16(at, little)),
  i1: codec('int32', 1, ints, (view, at) => view.getInt8(at)),
  u8: codec('int64', 8, longs, (view, at, little) => withinInt64(view.getBigUint64(at, little))),
  u4: codec('int64', 4, longs, (view, at, little) => BigInt(view.getUint32(at, little))),
  u2: codec('int32', 2, ints, (view, at, little) => view.getUint16(at, little)),
  u1: codec('uint8', 1, bytes, (view, at) => view.getUint8(at)),
  b1: codec('bool', 1, bytes, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)),
} satisfies Record<Encoding, unknown>;

export function isEncoding(name: string): name is Encoding {
  return Object.hasOwn(codecs, name);
}

export const ENCODINGS = Object.keys(codecs);

/** Bytes of one number. */
export function bytesOf(encoding: Encoding): number {
  return codecs[encoding].bytes;
}

/** Copies numbers out of a file's bytes, which may lie at any address and have either byte order. @throws RangeError */
export function decode(
  source: Uint8Array,
  encoding: Encoding,
  littleEndian = true,
): { dtype: DType; data: TensorData } {
  const { dtype, decode } = codecs[encoding];
  return { dtype, data: decode(new DataView(source.buffer, source.byteOffset, source.byteLength), littleEndian) };
}

/** One way to store a number; `read` takes it from a byte position. */
function codec<Values extends TensorData>(
  dtype: DType,
  size: number,
  make: (count: number) => Values,
  read: (view: DataView, at: number, littleEndian: boolean) => Values[number],
) {
  const decode = (view: DataView, littleEndian: boolean): TensorData => {
    const values = make(view.byteLength / size);
    for (let i = 0; i < values.length; i++) values[i] = read(view, i * size, littleEndian);
    return values;
  };
  return { dtype, bytes: size, decode };
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function fromBfloat16(bits: number): number {
  word.setUint16(0, bits);
  return word.getFloat32(0);
}

function withinInt64(value: bigint): bigint {
  if (value > 0x7fff_ffff_ffff_ffffn) throw new RangeError(`${value} does not fit int64`);
  return value;
}
