import { z } from 'zod';
import { ArgumentError, InputError } from '../errors.js';
import type { DType } from '../tensor/index.js';
import { parseOrThrow } from '../validate.js';
import { sealHeader, verifyHeader, withChecksums, withoutChecksums } from './checksums.js';
import { checkJsonKeys } from './json-keys.js';

/** Names of dtypes in safetensors files, those that this library has. */
const FILE_DTYPES = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I8: 'int8',
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
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** The format's own bound on the header. */
export const LARGEST_HEADER = 100_000_000;

const METADATA = '__metadata__';

/** A tensor of a safetensors file, and where it lies. */
export interface TensorEntry {
  dtype: DType;
  shape: readonly number[];
  /** Of the first byte, from the beginning of the file. */
  offset: number;
  bytes: number;
  /** As `checksums.ts` says; absent where the file has none. */
  checksum?: string;
}

/** What a safetensors file says of its tensors. */
export interface SafetensorsHeader {
  /** In file order. */
  tensors: ReadonlyMap<string, TensorEntry>;
  metadata: Record<string, string>;
}

const size = z.number().int().nonnegative();
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});

/**
 * Reads and checks the JSON of a safetensors header.
 * @param fileSize bytes of the whole file
 * @throws InputError naming the file, and the tensor where one is at fault: truncated, overlapping, unknown dtype …
 */
export function parseSafetensorsHeader(json: Buffer, path: string, fileSize: number): SafetensorsHeader {
  const text = json.toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${path}: the header is not JSON`, { cause });
  }
  checkJsonKeys(text, `${path}: the header`);
  const { [METADATA]: given = {}, ...entries } = parseOrThrow(z.record(z.string(), z.unknown()), parsed, path);
  const metadata = parseOrThrow(z.record(z.string(), z.string()), given, `${path}: ${METADATA}`);
  const checksums = verifyHeader(json, metadata, path);
  const start = 8 + json.length;
  const tensors = Object.entries(entries).map(
    ([name, value]) => [name, checkEntry(`${path}: tensor ${name}`, value, start, fileSize)] as const,
  );
  tensors.sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  checkCoverage(path, tensors, start, fileSize);
  if (checksums && checksums.length !== tensors.length) {
    throw new InputError(`${path}: ${checksums.length} checksums for ${tensors.length} tensors`);
  }
  for (const [i, [, entry]] of tensors.entries()) entry.checksum = checksums?.[i];
  return { tensors: new Map(tensors), metadata: withoutChecksums(metadata) };
}

/** The bytes before the first tensor, with room for the tensors' checksums (see `checksums.ts`). */
export function encodeSafetensorsHeader(
  tensors: readonly (readonly [name: string, { dtype: DType; shape: readonly number[] }])[],
  metadata?: Record<string, string>,
): Buffer {
  const names = new Set<string>([METADATA]);
  const entries = [`"${METADATA}":${JSON.stringify(withChecksums(tensors.length, metadata))}`];
  let offset = 0;
  for (const [name, { dtype, shape }] of tensors) {
    if (names.has(name)) throw new ArgumentError(`a safetensors file cannot hold a second ${JSON.stringify(name)}`);
    names.add(name);
    const end = offset + byteLength(dtype, shape);
    // Text by text: an object would put names that look like numbers before the metadata.
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(encodeEntry(dtype, shape, offset, end))}`);
    offset = end;
  }
  // Padded with spaces so that the tensors begin at a multiple of eight, as the reference writer does.
  const text = Buffer.from(`{${entries.join(',')}}`);
  const bytes = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8), 0);
  text.copy(bytes, 8);
  sealHeader(bytes.subarray(8));
  return bytes;
}

function encodeEntry(dtype: DType, shape: readonly number[], from: number, to: number) {
  const name = Object.entries(FILE_DTYPES).find(([, value]) => value === dtype)?.[0];
  return { dtype: name, shape, data_offsets: [from, to] };
}

function checkEntry(where: string, value: unknown, start: number, fileSize: number): TensorEntry {
  const { dtype: name, shape, data_offsets: offsets } = parseOrThrow(entrySchema, value, where);
  const dtype = Object.hasOwn(FILE_DTYPES, name) ? FILE_DTYPES[name as keyof typeof FILE_DTYPES] : undefined;
  if (!dtype) throw new InputError(`${where}: dtype ${name}; known are ${Object.keys(FILE_DTYPES).join(', ')}`);
  const bytes = offsets[1] - offsets[0];
  if (bytes !== byteLength(dtype, shape)) {
    throw new InputError(
      `${where}: [${shape}] of ${name} takes ${byteLength(dtype, shape)} bytes, the file gives it ${bytes}`,
    );
  }
  if (start + offsets[1] > fileSize) {
    throw new InputError(`${where}: ends at byte ${start + offsets[1]}, the file has ${fileSize}; it is cut short`);
  }
  return { dtype, shape, offset: start + offsets[0], bytes };
}

/** Tensors lie side by side with nothing between, before or behind them: the format's own rule. */
function checkCoverage(path: string, sorted: (readonly [string, TensorEntry])[], start: number, end: number): void {
  let next = start;
  for (const [name, { offset, bytes }] of sorted) {
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
