import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../errors.js';

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;
/** V8's longest string. */
const MAX_LENGTH = 2 ** 29 - 24;

/**
 * A text file as a string, without its byte order mark. Nothing is replaced or skipped.
 * @throws InputError when the file is missing, empty, a directory, not UTF-8 (with the line and offset of the first bad
 *   byte) or too long for one string.
 */
export async function readText(file: string): Promise<string> {
  let text = '';
  for await (const chunk of readTextChunks(file)) {
    if (text.length + chunk.length > MAX_LENGTH) {
      throw new InputError(`${file}: longer than ${MAX_LENGTH} characters, the longest text that is read at once`);
    }
    text += chunk;
  }
  return text;
}

/**
 * The same in pieces of about `chunkBytes`, whole characters each; joined they are the text.
 * @throws InputError as `readText`; a bad byte is found when its piece is read.
 */
export async function* readTextChunks(file: string, chunkBytes = CHUNK_BYTES): AsyncGenerator<string, void, undefined> {
  const handle = await openFile(file);
  try {
    let isEmpty = true;
    for await (const text of decodeChunks(readChunks(handle, file, chunkBytes), file)) {
      isEmpty = false;
      yield text;
    }
    if (isEmpty) throw new InputError(`${file}: is empty`);
  } finally {
    await handle.close();
  }
}

/**
 * Bytes as text, in pieces of whole characters and without a byte order mark; no text where there are no bytes.
 * @param name what the bytes are, for errors
 * @throws InputError when they are not UTF-8, with the line and offset of the first bad byte
 */
export async function* decodeChunks(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<string, void, undefined> {
  let line = 1;
  let offset = 0;
  for await (const bytes of wholeCharacters(chunks)) {
    const text = decode(bytes, { file: name, line, offset });
    const body = offset === 0 && text.startsWith('\ufeff') ? text.slice(1) : text;
    for (const byte of bytes) if (byte === NEWLINE) line++;
    offset += bytes.length;
    if (body !== '') yield body;
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function* readChunks(handle: FileHandle, file: string, chunkBytes: number): AsyncGenerator<Buffer> {
  for (;;) {
    const room = Buffer.alloc(chunkBytes);
    const { bytesRead } = await handle.read(room, 0, chunkBytes).catch((error: unknown) => {
      throw unreadable(file, error);
    });
    if (bytesRead === 0) return;
    yield room.subarray(0, bytesRead);
  }
}

/** The same bytes in pieces that do not end inside a character; the last piece ends where the bytes end. */
async function* wholeCharacters(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Uint8Array = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const end = bytes.length - unfinishedBytes(bytes);
    if (end > 0) yield bytes.subarray(0, end);
    rest = bytes.subarray(end);
  }
  if (rest.length > 0) yield Buffer.from(rest);
}

/** Bytes at the end that begin a character and do not complete it. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

function decode(bytes: Buffer, at: { file: string; line: number; offset: number }): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const bad = firstBadByte(bytes);
    const line = at.line + bytes.subarray(0, bad).filter((byte) => byte === NEWLINE).length;
    const hex = (bytes[bad] ?? 0).toString(16).toUpperCase().padStart(2, '0');
    throw new InputError(`${at.file}:${line}: not UTF-8: byte 0x${hex} at offset ${at.offset + bad}`);
  }
}

/** Up to the first replacement character that the bytes do not spell out, lenient decoding keeps every byte. */
function firstBadByte(bytes: Buffer): number {
  const replacement = Buffer.from('\ufffd');
  let offset = 0;
  for (const character of bytes.toString('utf8')) {
    const length = Buffer.byteLength(character);
    if (character === '\ufffd' && !bytes.subarray(offset, offset + length).equals(replacement)) break;
    offset += length;
  }
  return offset;
}

function unreadable(file: string, error: unknown): InputError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const reasons: Record<string, string> = {
    ENOENT: 'not found',
    EISDIR: 'is a directory, not a text file',
    ENOTDIR: 'not found: a part of its path is a file, not a directory',
    EACCES: 'may not be read (EACCES)',
  };
  return new InputError(`${file}: ${reasons[code] ?? `cannot be read (${code})`}`, { cause: error });
}
