import { stat } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { readTextChunks } from './read-text.js';

/** A file's place in the text that several files make, in Unicode characters. */
export interface CountedFile {
  path: string;
  start: number;
  end: number;
}

/**
 * For texts that are read a second time after it.
 * @throws InputError as `readText`, of the first file that is no text; for a pipe, which can be read but once
 */
export async function countCharacters(files: readonly string[]): Promise<CountedFile[]> {
  const counted: CountedFile[] = [];
  let start = 0;
  for (const path of files) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFIFO()) throw new InputError(`${path}: is a pipe; the text is read twice: write it to a file`);
    let end = start;
    for await (const chunk of readTextChunks(path)) end += characterCount(chunk);
    counted.push({ path, start, end });
    start = end;
  }
  return counted;
}

/** The file's part between two places of the whole text, in pieces. */
export async function* textBetween(file: CountedFile, from: number, to: number): AsyncGenerator<string> {
  let start = file.start;
  for await (const chunk of readTextChunks(file.path)) {
    if (start >= to) return;
    const end = start + characterCount(chunk);
    const text = chunk.slice(unitOf(chunk, from - start), end > to ? unitOf(chunk, to - start) : chunk.length);
    if (text !== '') yield text;
    start = end;
  }
}

/** Unicode characters of a whole text. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if (isSecondHalf(text, i)) count--;
  return count;
}

/** The UTF-16 unit where a text's `character`-th Unicode character begins, from 0; its length when it has fewer. */
function unitOf(text: string, character: number): number {
  let unit = 0;
  for (let seen = 0; seen < character && unit < text.length; seen++) unit += isSecondHalf(text, unit + 1) ? 2 : 1;
  return unit;
}

/** The text is whole, so the second half of a surrogate pair always follows a first. */
function isSecondHalf(text: string, unit: number): boolean {
  return (text.charCodeAt(unit) & 0xfc00) === 0xdc00;
}
