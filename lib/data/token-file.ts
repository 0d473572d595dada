import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../errors.js';

/**
 * A `.bin` file: 64 bytes of header, then the ids in little-endian, 16 bits each where the vocabulary allows and else
 * 32. The header is in the file, not beside it, so that a copied or renamed file still says what it is and which
 * tokenizer made it; after it the ids lie as in nanoGPT's files (`numpy.memmap(path, '<u2', offset=64)`).
 *
 *     0  "gptorch\0"      16  count, 64 bits          32  SHA-256 of the tokenizer
 *     8  version, 1       24  size of the vocabulary
 *    12  bytes an id      28  zero
 */
export interface TokenFileInfo {
  path: string;
  dtype: 'uint16' | 'uint32';
  /** Bytes before the first id. */
  offset: number;
  /** Number of ids. */
  length: number;
  vocabSize: number;
  /** `tokenizerFingerprint` of the tokenizer that made the ids. */
  tokenizer: string;
}

/** Token ids as they lie in a file. */
export type TokenArray = Uint16Array | Uint32Array;

export const HEADER_BYTES = 64;
const MAGIC = 'gptorch\0';
const VERSION = 1;
const CHUNK_TOKENS = 1 << 20;

export function tokenBytes({ dtype }: Pick<TokenFileInfo, 'dtype'>): 2 | 4 {
  return dtype === 'uint16' ? 2 : 4;
}

export function encodeHeader(info: Omit<TokenFileInfo, 'path' | 'offset'>): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(tokenBytes(info), 12);
  header.writeBigUInt64LE(BigInt(info.length), 16);
  header.writeUInt32LE(info.vocabSize, 24);
  header.write(info.tokenizer, 32, 'hex');
  return header;
}

/** @throws InputError when the file is missing, no token file, of a newer version or cut short. */
export async function readTokenFileInfo(path: string): Promise<TokenFileInfo> {
  return await withFile(path, async (handle) => {
    const { buffer: header, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    if (bytesRead < HEADER_BYTES || header.toString('latin1', 0, 8) !== MAGIC) {
      throw new InputError(`${path}: not a token file of gptorch; make one with: gptorch data prepare`);
    }
    const version = header.readUInt32LE(8);
    if (version !== VERSION) throw new InputError(`${path}: version ${version}; this gptorch reads version ${VERSION}`);
    const bytes = header.readUInt32LE(12);
    if (bytes !== 2 && bytes !== 4) throw new InputError(`${path}: ${bytes} bytes an id; allowed: 2, 4`);
    const info: TokenFileInfo = {
      path,
      dtype: bytes === 2 ? 'uint16' : 'uint32',
      offset: HEADER_BYTES,
      length: Number(header.readBigUInt64LE(16)),
      vocabSize: header.readUInt32LE(24),
      tokenizer: header.toString('hex', 32, 64),
    };
    const { size } = await handle.stat();
    const expected = HEADER_BYTES + info.length * bytes;
    if (size !== expected) throw new InputError(`${path}: damaged: ${size} bytes, its header says ${expected}`);
    return info;
  });
}

/** The ids in order, in pieces. */
export async function* readTokenChunks(info: TokenFileInfo): AsyncGenerator<TokenArray, void, undefined> {
  const handle = await openTokenFile(info.path);
  try {
    const bytes = tokenBytes(info);
    for (let start = 0; start < info.length; start += CHUNK_TOKENS) {
      const count = Math.min(CHUNK_TOKENS, info.length - start);
      const chunk = new Uint8Array(count * bytes);
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, info.offset + start * bytes);
      if (bytesRead < chunk.length) throw new InputError(`${info.path}: damaged: ends before id ${start + count}`);
      yield decodeTokens(chunk, info.dtype);
    }
  } finally {
    await handle.close();
  }
}

/** All ids at once: for what fits in memory. Training reads windows of the mapped file instead. */
export async function readTokens(info: TokenFileInfo): Promise<TokenArray> {
  const tokens = info.dtype === 'uint16' ? new Uint16Array(info.length) : new Uint32Array(info.length);
  let start = 0;
  for await (const chunk of readTokenChunks(info)) {
    tokens.set(chunk, start);
    start += chunk.length;
  }
  return tokens;
}

/**
 * Reads every id of the file.
 * @param vocabSize of the model; a GPU would read an id beyond it as somebody else's memory.
 * @throws InputError naming file, index and id.
 */
export async function checkTokenFile(info: TokenFileInfo, vocabSize: number): Promise<void> {
  let start = 0;
  for await (const chunk of readTokenChunks(info)) {
    const index = chunk.findIndex((id) => id >= vocabSize);
    if (index !== -1) throw outOfRange(info.path, start + index, chunk[index] ?? 0, vocabSize);
    start += chunk.length;
  }
}

export function outOfRange(path: string, index: number, id: number, vocabSize: number): InputError {
  return new InputError(`${path}: token ${index} has id ${id}, out of range; allowed: 0 to ${vocabSize - 1}`);
}

function decodeTokens(bytes: Uint8Array<ArrayBuffer>, dtype: TokenFileInfo['dtype']): TokenArray {
  const buffer = Buffer.from(bytes.buffer);
  // Typed arrays have the machine's byte order, the file has one order everywhere.
  const isBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;
  if (isBigEndian) dtype === 'uint16' ? buffer.swap16() : buffer.swap32();
  return dtype === 'uint16' ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
}

async function withFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await openTokenFile(path);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function openTokenFile(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new InputError(`${path}: ${code === 'ENOENT' ? 'not found' : `cannot be read (${code})`}`, { cause });
  }
  throw new InputError(`${path}: is a directory, not a token file`);
}
