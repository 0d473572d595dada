import { open } from 'node:fs/promises';
import { z } from 'zod';
import { InputError } from '../errors.js';
import type { DType } from '../tensor/index.js';
import { parseOrThrow } from '../validate.js';

/** Names of dtypes in safetensors files, those that this library has. */
const FILE_DTYPES = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  U8: 'uint8',
  BOOL: 'bool',
} as const satisfies Record<string, DType>;

const BYTES: Record<DType, number> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  uint8: 1,
  bool: 1,
};

/** The format's own bound on the header. */
const LARGEST_HEADER = 100_000_000;

/** A tensor of a safetensors file, and where it lies. */
export interface TensorEntry {
  dtype: DType;
  shape: readonly number[];
  /** Of the first byte, from the beginning of the file. */
  offset: number;
  bytes: number;
}

/** What a safetensors file says of its tensors. */
export interface SafetensorsHeader {
  tensors: ReadonlyMap<string, TensorEntry>;
  metadata?: Record<string, string>;
}

const size = z.number().int().nonnegative();
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});

/**
 * Reads and checks a safetensors header; no tensor is read.
 * @throws InputError naming the file, and the tensor where one is at fault: truncated, overlapping, unknown dtype …
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const { json, start, end } = await readHeaderBytes(path);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new InputError(`${path}: the header is not JSON`, { cause });
  }
  const { __metadata__: metadata, ...entries } = parseOrThrow(z.record(z.string(), z.unknown()), parsed, path);
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(entries)) {
    tensors.set(name, checkEntry(`${path}: tensor ${name}`, value, start, end));
  }
  checkCoverage(path, tensors, start, end);
  if (metadata === undefined) return { tensors };
  return { tensors, metadata: parseOrThrow(z.record(z.string(), z.string()), metadata, `${path}: __metadata__`) };
}

/** The bytes before the first tensor. */
export function encodeSafetensorsHeader(
  tensors: readonly (readonly [name: string, { dtype: DType; shape: readonly number[] }])[],
  metadata?: Record<string, string>,
): Uint8Array {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const [name, { dtype, shape }] of tensors) {
    const end = offset + byteLength(dtype, shape);
    header[name] = { dtype: fileDtype(dtype), shape, data_offsets: [offset, end] };
    offset = end;
  }
  // Padded with spaces so that the tensors begin at a multiple of eight, as the reference writer does.
  const text = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8), 0);
  text.copy(bytes, 8);
  return bytes;
}

async function readHeaderBytes(path: string): Promise<{ json: string; start: number; end: number }> {
  const file = await open(path, 'r').catch((cause) => {
    throw new InputError(`${path}: cannot be opened (${cause.code ?? cause.message})`, { cause });
  });
  try {
    const { size: end } = await file.stat();
    const length = Buffer.alloc(8);
    const { bytesRead } = await file.read(length, 0, 8, 0).catch((cause) => {
      throw new InputError(`${path}: cannot be read (${cause.code ?? cause.message})`, { cause });
    });
    const headerLength = bytesRead === 8 ? Number(length.readBigUInt64LE()) : Number.POSITIVE_INFINITY;
    if (headerLength > LARGEST_HEADER || 8 + headerLength > end) {
      throw new InputError(`${path}: not a safetensors file, or cut short (${end} bytes)`);
    }
    const json = Buffer.alloc(headerLength);
    await file.read(json, 0, headerLength, 8);
    return { json: json.toString('utf8'), start: 8 + headerLength, end };
  } finally {
    await file.close();
  }
}

function checkEntry(where: string, value: unknown, start: number, end: number): TensorEntry {
  const { dtype: name, shape, data_offsets: offsets } = parseOrThrow(entrySchema, value, where);
  const dtype = Object.hasOwn(FILE_DTYPES, name) ? FILE_DTYPES[name as keyof typeof FILE_DTYPES] : undefined;
  if (!dtype) throw new InputError(`${where}: dtype ${name}; known are ${Object.keys(FILE_DTYPES).join(', ')}`);
  const bytes = offsets[1] - offsets[0];
  if (bytes !== byteLength(dtype, shape)) {
    throw new InputError(
      `${where}: [${shape}] of ${name} takes ${byteLength(dtype, shape)} bytes, the file gives it ${bytes}`,
    );
  }
  if (start + offsets[1] > end) {
    throw new InputError(`${where}: ends at byte ${start + offsets[1]}, the file has ${end}; it is cut short`);
  }
  return { dtype, shape, offset: start + offsets[0], bytes };
}

/** Tensors lie side by side with nothing between, before or behind them: the format's own rule. */
function checkCoverage(path: string, tensors: ReadonlyMap<string, TensorEntry>, start: number, end: number): void {
  let next = start;
  for (const [name, { offset, bytes }] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset)) {
    if (offset !== next) {
      throw new InputError(`${path}: tensor ${name} begins at byte ${offset}, the one before it ends at ${next}`);
    }
    next = offset + bytes;
  }
  if (next !== end) throw new InputError(`${path}: ${end - next} bytes behind the last tensor`);
}

function byteLength(dtype: DType, shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, BYTES[dtype]);
}

function fileDtype(dtype: DType): string {
  const entry = Object.entries(FILE_DTYPES).find(([, value]) => value === dtype);
  return entry?.[0] ?? dtype;
}
