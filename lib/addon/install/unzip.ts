import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { LoadError } from '../../errors.js';

interface Entry {
  name: string;
  /** 0 stored, 8 deflated; a wheel has no others. */
  method: number;
  crc: number;
  packedSize: number;
  size: number;
  headerOffset: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const endSize = 22;
const maxComment = 0xffff;

/**
 * Unpacks those entries of a zip file (a wheel is one) that `wanted` accepts into `folder`, each checked by its CRC.
 *
 * @throws LoadError when the file is truncated or damaged, or an entry would land outside `folder`.
 */
export async function unzip(file: string, folder: string, wanted: (name: string) => boolean): Promise<void> {
  const handle = await open(file);
  try {
    for (const entry of await readEntries(handle, file)) {
      if (entry.name.endsWith('/') || !wanted(entry.name)) continue;
      const path = normalize(entry.name);
      if (path.startsWith('..') || path.startsWith('/')) throw damaged(file, `entry ${entry.name} leads outside`);
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await unpack(handle, file, entry, join(folder, path));
    }
  } finally {
    await handle.close();
  }
}

/** Reads the directory, which stands at the end of a zip file. */
async function readEntries(handle: FileHandle, file: string): Promise<Entry[]> {
  const { size } = await handle.stat();
  const tail = await readAt(handle, Math.max(0, size - endSize - maxComment), Math.min(size, endSize + maxComment));
  const end = findEnd(tail);
  if (end < 0) throw damaged(file, 'the end of the file is missing');
  const count = tail.readUInt16LE(end + 10);
  const length = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  if (start + length > size || count === 0xffff) throw damaged(file, 'its directory cannot be read');

  const directory = await readAt(handle, start, length);
  const entries: Entry[] = [];
  for (let at = 0; entries.length < count; ) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== entrySignature) {
      throw damaged(file, 'its directory is broken');
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

async function unpack(handle: FileHandle, file: string, entry: Entry, target: string): Promise<void> {
  if (entry.method !== 0 && entry.method !== 8)
    throw damaged(file, `${entry.name} is packed by method ${entry.method}`);
  const header = await readAt(handle, entry.headerOffset, 30);
  if (header.length < 30) throw damaged(file, `${entry.name} is missing`);
  const start = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (entry.packedSize === 0) {
    await (await open(target, 'w')).close();
    return;
  }
  let crc = 0;
  let size = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const packed = createReadStream(file, { start, end: start + entry.packedSize - 1 });
  const written = createWriteStream(target);
  try {
    if (entry.method === 8) await pipeline(packed, createInflateRaw(), meter, written);
    else await pipeline(packed, meter, written);
  } catch (cause) {
    throw damaged(file, `${entry.name} does not unpack (${cause instanceof Error ? cause.message : cause})`);
  }
  if (crc !== entry.crc || size !== entry.size) throw damaged(file, `${entry.name} has a wrong checksum`);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function damaged(file: string, reason: string): LoadError {
  return new LoadError(`${file} is damaged: ${reason}.`);
}
