import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { InputError } from '../errors.js';

/** Characters that are hashed at a time: a call for each number would take ten times as long. */
const PIECE_LENGTH = 1 << 16;

/** SHA-256 of `JSON.stringify(value)`, piece by piece: of much data that would be longer than a string can be. */
export function digestOfJson(value: unknown): string {
  const hash = createHash('sha256');
  let piece = '';
  writeJson(value, (text) => {
    piece += text;
    if (piece.length < PIECE_LENGTH) return;
    hash.update(piece);
    piece = '';
  });
  return hash.update(piece).digest('hex');
}

/** SHA-256 of the bytes of files, one after another. @throws InputError where one cannot be read */
export async function digestOfFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    try {
      for await (const bytes of createReadStream(file)) hash.update(bytes as Buffer);
    } catch (cause) {
      throw new InputError(`${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }
  return hash.digest('hex');
}

/** Lists and objects that hold others are taken apart, the innermost are written whole. */
function writeJson(value: unknown, write: (text: string) => void): void {
  if (!isObject(value) || !holdsObjects(value)) {
    write(JSON.stringify(value) ?? 'null');
    return;
  }
  if (Array.isArray(value)) {
    let before = '[';
    for (const each of value) {
      write(before);
      writeJson(each, write);
      before = ',';
    }
    write(']');
    return;
  }
  let before = '{';
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined) continue;
    write(`${before}${JSON.stringify(key)}:`);
    writeJson(each, write);
    before = ',';
  }
  write('}');
}

function holdsObjects(value: object): boolean {
  return (Array.isArray(value) ? value : Object.values(value)).some(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
