import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError, InputError } from '../errors.js';
import { ensureWritableFolder } from '../io/writable-folder.js';
import { END_OF_TEXT } from './byte-level.js';
import { nameCharacter, UnknownCharacterError } from './char-tokenizer.js';
import { encodePieces } from './encode-pieces.js';
import { readTextChunks } from './read-text.js';
import { type CountedFile, characterCount, countCharacters, textBetween } from './text-range.js';
import type { TokenFileInfo } from './token-file.js';
import { TokenFileWriter } from './token-file-writer.js';
import { type Tokenizer, tokenizerFingerprint } from './tokenizer.js';

/** How text files become files of tokens. */
export interface PrepareOptions {
  /** The end of the text that is held out, 0 to below 1; 0: nothing. Default 0.1, as nanoGPT. */
  validationFraction?: number;
  /** The id between two files. Default: that of `<|endoftext|>` where the vocabulary has it; null: none. */
  separator?: number | null;
  /** Training tokens that there must be: one window, contextLength + 1. Default 2. */
  minimumTokens?: number;
  /** Called with the Unicode characters that were encoded, of all. */
  onProgress?: (characters: number, total: number) => void;
}

/** The files that were written. */
export interface PreparedTokens {
  train: TokenFileInfo;
  /** Undefined when `validationFraction` is 0. */
  validation: TokenFileInfo | undefined;
  /** Unicode characters of all files. */
  characters: number;
}

/**
 * Encodes text files to `train.bin` and `val.bin` in `outDir`. The files count as one text in their order, whose last
 * characters are the validation part. Files of any length: the text is read in pieces, twice.
 * @throws InputError on an unreadable file, a character that the tokenizer lacks (file and line) or too little text;
 *   nothing is left behind then.
 */
export async function prepareTokens(
  files: readonly string[],
  tokenizer: Tokenizer,
  outDir: string,
  { validationFraction = 0.1, minimumTokens = 2, onProgress = () => {}, ...options }: PrepareOptions = {},
): Promise<PreparedTokens> {
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    throw new ArgumentError(`validationFraction is ${validationFraction}; allowed: 0 to below 1`);
  }
  if (files.length === 0) throw new ArgumentError('prepareTokens: no text files');
  const { separator = tokenizer.tokenId(END_OF_TEXT) ?? null } = options;
  const made = await ensureWritableFolder(outDir);
  const writers: TokenFileWriter[] = [];
  try {
    const counted = await countCharacters(files);
    const characters = counted.at(-1)?.end ?? 0;
    const cut = Math.floor(characters * (1 - validationFraction));
    const target = { vocabSize: tokenizer.vocabSize, tokenizer: tokenizerFingerprint(tokenizer) };
    let encoded = 0;
    const onText = (text: string) => {
      encoded += characterCount(text);
      onProgress(encoded, characters);
    };
    const encodePart = async (name: string, from: number, to: number) => {
      const writer = await TokenFileWriter.create(join(outDir, name), target);
      writers.push(writer);
      await writePart(writer, tokenizer, counted, { from, to, separator, onText });
      return writer;
    };
    const where = files.join(', ');
    const train = await encodePart('train.bin', 0, cut);
    checkCount(train.length, minimumTokens, validationFraction === 0 ? where : `${where}: the training part`);
    const validation = validationFraction === 0 ? undefined : await encodePart('val.bin', cut, characters);
    if (validation !== undefined) checkCount(validation.length, 2, `${where}: the validation part`);
    const prepared = { train: await train.close(), validation: await validation?.close(), characters };
    // One that an earlier call left would be held-out text that is now trained on.
    if (validation === undefined) await rm(join(outDir, 'val.bin'), { force: true });
    return prepared;
  } catch (error) {
    for (const writer of writers) await writer.abandon();
    if (made !== undefined) await rm(made, { recursive: true, force: true });
    throw error;
  }
}

interface Part {
  from: number;
  to: number;
  separator: number | null;
  onText: (text: string) => void;
}

async function writePart(
  writer: TokenFileWriter,
  tokenizer: Tokenizer,
  files: readonly CountedFile[],
  { from, to, separator, onText }: Part,
): Promise<void> {
  for (const file of files) {
    if (file.end <= from || file.start >= to) continue;
    if (separator !== null && writer.length > 0) await writer.write([separator]);
    try {
      for await (const ids of encodePieces(tokenizer, passing(textBetween(file, from, to), onText)))
        await writer.write(ids);
    } catch (error) {
      if (error instanceof UnknownCharacterError) throw await locate(error, file.path);
      throw error;
    }
  }
}

async function* passing(texts: AsyncIterable<string>, onText: (text: string) => void): AsyncGenerator<string> {
  for await (const text of texts) {
    yield text;
    onText(text);
  }
}

function checkCount(tokens: number, minimum: number, what: string): void {
  if (tokens >= minimum) return;
  throw new InputError(`${what} has ${tokens} token${tokens === 1 ? '' : 's'}; at least ${minimum} are needed`);
}

/** The error with file and line. The character is unknown wherever it stands, so its first place is the one. */
async function locate({ character }: UnknownCharacterError, file: string): Promise<InputError> {
  let line = 1;
  for await (const text of readTextChunks(file)) {
    const position = text.indexOf(character);
    for (const before of position === -1 ? text : text.slice(0, position)) if (before === '\n') line++;
    if (position !== -1) break;
  }
  return new InputError(`${file}:${line}: character ${nameCharacter(character)} is not in the vocabulary`);
}
