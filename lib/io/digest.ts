import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { InputError } from '../errors.js';

/** SHA-256 of `JSON.stringify(value)`, piece by piece: of much data that would be longer than a string can be. */
export function digestOfJson(value: unknown): string {
  const hash = createHash('sha256');
  for (const piece of jsonPieces(value)) hash.update(piece);
  return hash.digest('hex');
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
function* jsonPieces(value: unknown): Generator<string, void, undefined> {
  if (!holdsOthers(value)) {
    yield JSON.stringify(value) ?? 'null';
    return;
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value).filter(([, each]) => isList || each !== undefined);
  yield isList ? '[' : '{';
  for (const [i, [key, each]] of entries.entries()) {
    yield (i === 0 ? '' : ',') + (isList ? '' : `${JSON.stringify(key)}:`);
    yield* jsonPieces(each);
  }
  yield isList ? ']' : '}';
}

function holdsOthers(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((each) => typeof each === 'object' && each !== null);
}
