import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ArgumentError, InputError } from '../errors.js';
import { writeFileAtomic } from '../io/files.js';
import { ensureWritableFolder } from '../io/writable-folder.js';

/** Text to token ids and back. On disk each is a Hugging Face `tokenizer.json`. */
export interface Tokenizer {
  /** The highest id plus one: the rows that an embedding needs. */
  readonly vocabSize: number;
  /**
   * Nothing is added at the ends. A special token that is written out in `text` becomes its id.
   * @throws ArgumentError when `text` has half of a surrogate pair.
   * @throws InputError when a character is not in the vocabulary and there is no token for unknown ones.
   */
  encode(text: string): number[];
  /**
   * Special tokens are written out. Bytes that are no UTF-8 become U+FFFD.
   * @throws ArgumentError when an id is out of range.
   */
  decode(ids: ArrayLike<number>): string;
  /** The id of one token as the vocabulary spells it, e.g. of `<sep>`. */
  tokenId(token: string): number | undefined;
  /** The content of `tokenizer.json`. */
  toJSON(): object;
  /** Writes `tokenizer.json` and `tokenizer_config.json` to `dir`, atomically. */
  save(dir: string): Promise<void>;

  /**
   * This tokenizer with further special tokens: those it has keep their ids, the others get the ids after its last.
   * @throws ArgumentError on a token with white space or of less than two characters.
   */
  withSpecialTokens?(tokens: readonly string[]): Tokenizer;
  /** The ids that `encode` gives, made off this thread where possible: for bulk data. */
  encodeBulk?(text: string): Promise<ArrayLike<number>>;
  /** True when text that is cut before white space gives, piece by piece, the ids of the whole. */
  readonly canEncodeInPieces?: boolean;
}

/**
 * @param vocabSize the model's
 * @throws InputError where the tokenizer gives ids that the model has no embedding for
 */
export function checkTokenizerFits(tokenizer: Tokenizer, vocabSize: number, directory: string): void {
  if (tokenizer.vocabSize <= vocabSize) return;
  const told = `the tokenizer has ${tokenizer.vocabSize} tokens, the model a vocabulary of ${vocabSize}`;
  throw new InputError(`${directory}: ${told}; they do not belong together`);
}

/** A hash of all that decides the ids. Token files carry it, so that data and model cannot be mixed up. */
export function tokenizerFingerprint(tokenizer: Tokenizer): string {
  return createHash('sha256').update(JSON.stringify(tokenizer)).digest('hex');
}

/** Writes a tokenizer's two files; without `tokenizer_config.json` transformers takes the class of the model's type. */
export async function saveTokenizerFiles(dir: string, tokenizer: object, config: object): Promise<void> {
  await ensureWritableFolder(dir);
  await writeFileAtomic(join(dir, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`);
  await writeFileAtomic(join(dir, 'tokenizer.json'), `${JSON.stringify(tokenizer, null, 2)}\n`);
}

/** @throws ArgumentError when `text` has half of a surrogate pair: it is no text, and UTF-8 cannot hold it. */
export function checkWellFormed(text: string): void {
  const position = text.search(/\p{Cs}/u);
  if (position === -1) return;
  const code = text.charCodeAt(position).toString(16).toUpperCase();
  throw new ArgumentError(`the text has half of a surrogate pair (U+${code}) at position ${position}`);
}

/** As `tokenizer.decode`, but ids beyond its vocabulary give no text: a model's may be padded to a round number. */
export function decodeKnown(tokenizer: Tokenizer, ids: readonly number[]): string {
  return tokenizer.decode(ids.filter((id) => id < tokenizer.vocabSize));
}

/** @throws ArgumentError when one of `ids` is not in a vocabulary of `vocabSize`. */
export function checkTokenIds(ids: ArrayLike<number>, vocabSize: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] ?? Number.NaN;
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new ArgumentError(`token id ${id} at position ${i} is out of range; allowed: 0 to ${vocabSize - 1}`);
    }
  }
}
