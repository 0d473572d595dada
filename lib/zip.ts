import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { InputError } from './errors.js';

export interface ZipEntry {
  name: string;
  /** 0 stored, 8 deflated; no others are read. */
  method: number;
  crc: number;
  packedSize: number;
  size: number;
  headerOffset: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const headerSignature = 0x04034b50;
const endSize = 22;
const headerSize = 30;
const maxComment = 0xffff;

/** A zip file open for reading (wheels and `.npz` files are zip files). Entries are checked by their CRC; no Zip64. */
export class ZipFile {
  readonly entries: readonly ZipEntry[];
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #damaged: (reason: string) => Error;

  private constructor(
    path: string,
    handle: FileHandle,
    entries: readonly ZipEntry[],
    damaged: (reason: string) => Error,
  ) {
    this.#path = path;
    this.#handle = handle;
    this.entries = entries;
    this.#damaged = damaged;
  }

  /** @param Failure what is thrown, here and when entries are read, where the file is truncated or damaged */
  static async open(path: string, Failure: new (message: string) => Error = InputError): Promise<ZipFile> {
    const damaged = (reason: string) => new Failure(`${path} is damaged: ${reason}.`);
    const handle = await open(path);
    try {
      return new ZipFile(path, handle, await readEntries(handle, damaged), damaged);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The content of an entry. */
  async read(entry: ZipEntry): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const collect = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    await this.unpack(entry, collect);
    return Buffer.concat(chunks);
  }

  /** Writes the content of an entry and ends the stream. */
  async unpack(entry: ZipEntry, into: Writable): Promise<void> {
    const { name, method, size, crc } = entry;
    const meter = new Meter(size);
    try {
      const packed = await this.#packed(entry);
      if (method === 8) await pipeline(packed, createInflateRaw(), meter, into);
      else await pipeline(packed, meter, into);
    } catch (cause) {
      throw this.#damaged(`${name} does not unpack (${cause instanceof Error ? cause.message : cause})`);
    }
    if (meter.crc !== crc || meter.size !== size) throw this.#damaged(`${name} has a wrong checksum`);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #packed({ method, headerOffset, packedSize }: ZipEntry): Promise<Readable | Buffer[]> {
    if (method !== 0 && method !== 8) throw new Error(`packed by method ${method}`);
    const header = await readAt(this.#handle, headerOffset, headerSize);
    if (header.length < headerSize || header.readUInt32LE(0) !== headerSignature) throw new Error('it is missing');
    if (packedSize === 0) return [];
    const start = headerOffset + headerSize + header.readUInt16LE(26) + header.readUInt16LE(28);
    return createReadStream(this.#path, { start, end: start + packedSize - 1 });
  }
}

/** Counts what passes through, and stops what is longer than it should be. */
class Meter extends Transform {
  crc = 0;
  size = 0;
  readonly #limit: number;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, chunk?: Buffer) => void) {
    this.crc = crc32(chunk, this.crc);
    this.size += chunk.length;
    if (this.size > this.#limit) done(new Error(`longer than the ${this.#limit} bytes that it should have`));
    else done(null, chunk);
  }
}

/** Reads the directory, which stands at the end of a zip file. */
async function readEntries(handle: FileHandle, damaged: (reason: string) => Error): Promise<ZipEntry[]> {
  const { size } = await handle.stat();
  const tail = await readAt(handle, Math.max(0, size - endSize - maxComment), Math.min(size, endSize + maxComment));
  const end = findEnd(tail);
  if (end < 0) throw damaged('the end of the file is missing');
  const count = tail.readUInt16LE(end + 10);
  const length = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  if (start + length > size || count === 0xffff) throw damaged('its directory cannot be read');

  const directory = await readAt(handle, start, length);
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count; ) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== entrySignature) {
      throw damaged('its directory is broken');
    }
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      headerOffset: directory.readUInt32LE(at + 42),
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

function findEnd(tail: Buffer): number {
  for (let at = tail.length - endSize; at >= 0; at--) {
    if (tail.readUInt32LE(at) === endSignature) return at;
  }
  return -1;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
