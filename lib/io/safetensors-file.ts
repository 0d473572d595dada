import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { LARGEST_HEADER, parseSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.js';

/**
 * An open safetensors file with its checked header. What is read later is of the same file, also where another one has
 * taken its name since.
 */
export interface SafetensorsFile extends SafetensorsHeader {
  path: string;
  handle: FileHandle;
}

/** @throws InputError as `readSafetensorsHeader`; nothing is open then */
export async function openSafetensorsFile(path: string): Promise<SafetensorsFile> {
  const handle = await open(path, 'r').catch((cause) => {
    throw new InputError(`${path}: cannot be opened (${cause.code ?? cause.message})`, { cause });
  });
  try {
    return { path, handle, ...(await readHeader(handle, path)) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads and checks a safetensors header; no tensor is read.
 * @throws InputError naming the file, and the tensor where one is at fault: truncated, overlapping, unknown dtype …
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const { handle, tensors, metadata } = await openSafetensorsFile(path);
  await handle.close();
  return { tensors, metadata };
}

async function readHeader(file: FileHandle, path: string): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const length = await readBytes(file, path, 8, 0);
  const headerLength = length.length === 8 ? Number(length.readBigUInt64LE()) : Number.POSITIVE_INFINITY;
  if (headerLength > LARGEST_HEADER || 8 + headerLength > size) {
    throw new InputError(`${path}: not a safetensors file, or cut short (${size} bytes)`);
  }
  return parseSafetensorsHeader(await readBytes(file, path, headerLength, 8), path, size);
}

/** Fewer where the file ends before. */
async function readBytes(file: FileHandle, path: string, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position).catch((cause) => {
    throw new InputError(`${path}: cannot be read (${cause.code ?? cause.message})`, { cause });
  });
  return buffer.subarray(0, bytesRead);
}
