import { crc32 } from 'node:zlib';
import { InputError } from '../errors.js';

/*
 * A safetensors file's metadata may hold two checksums, first in the header and of fixed width, so that they can be
 * filled in behind the data:
 *
 *   {"__metadata__":{"checksum.header":"crc32:xxxxxxxx","checksum.tensors":"xxh64:yyyy…",…
 *
 * `x` is the CRC-32 of the header's JSON with all digits x and y as 0, `y` 16 digits for each tensor in file order: the
 * XXH64 of the little-endian XXH64s of its pieces of 1 MiB. Hugging Face's readers see two more strings of metadata.
 */

const HEADER_KEY = 'checksum.header';
const TENSORS_KEY = 'checksum.tensors';
const DIGITS = 16;
const BEFORE_HEADER_DIGITS = `{"__metadata__":{"${HEADER_KEY}":"crc32:`;
const BEFORE_TENSOR_DIGITS = `","${TENSORS_KEY}":"xxh64:`;
const HEADER_CHECKSUM_AT = BEFORE_HEADER_DIGITS.length;

/** Where the tensors' digits begin in the header's JSON. */
export const TENSOR_CHECKSUMS_AT = HEADER_CHECKSUM_AT + 8 + BEFORE_TENSOR_DIGITS.length;

/** The metadata with room for the checksums of `count` tensors. */
export function withChecksums(count: number, metadata: Record<string, string> = {}): Record<string, string> {
  const room = { [HEADER_KEY]: `crc32:${'0'.repeat(8)}`, [TENSORS_KEY]: `xxh64:${'0'.repeat(DIGITS * count)}` };
  return { ...room, ...withoutChecksums(metadata) };
}

export function withoutChecksums(metadata: Record<string, string>): Record<string, string> {
  const { [HEADER_KEY]: _header, [TENSORS_KEY]: _tensors, ...rest } = metadata;
  return rest;
}

/** Fills in the header's own checksum; the tensors' digits are still 0. */
export function sealHeader(json: Buffer): void {
  json.write(hex(crc32(json)), HEADER_CHECKSUM_AT, 'latin1');
}

/**
 * Verifies a header's checksum.
 * @returns the tensors' checksums in file order; undefined where the file has none
 * @throws InputError when the header is damaged
 */
export function verifyHeader(json: Buffer, metadata: Record<string, string>, path: string): string[] | undefined {
  const { [HEADER_KEY]: header, [TENSORS_KEY]: tensors } = metadata;
  if (header === undefined && tensors === undefined) return undefined;
  const blank = Buffer.from(json);
  const digits = tensors?.slice('xxh64:'.length) ?? '';
  for (const [from, length] of [
    [HEADER_CHECKSUM_AT, 8],
    [TENSOR_CHECKSUMS_AT, digits.length],
  ] as const) {
    blank.subarray(from, from + length).fill('0');
  }
  if (header !== `crc32:${hex(crc32(blank))}` || !tensors?.startsWith('xxh64:')) {
    throw new InputError(
      `${path}: the header is damaged: its checksum does not fit. If another program rewrote the file on purpose, ` +
        `remove ${HEADER_KEY} and ${TENSORS_KEY} from its metadata`,
    );
  }
  return digits.match(/.{16}/g) ?? [];
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
