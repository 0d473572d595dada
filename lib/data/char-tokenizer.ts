import { ArgumentError, InputError } from '../errors.js';
import { escapePattern } from '../escape-pattern.js';
import { checkSpecialToken } from './added-tokens.js';
import { charTokenizerConfig, charTokenizerJson, UNKNOWN_TOKEN } from './char-tokenizer-json.js';
import { readTextChunks } from './read-text.js';
import { checkTokenIds, checkWellFormed, saveTokenizerFiles, type Tokenizer } from './tokenizer.js';

/** The special tokens of the chat recipe, with the ids 0, 1 and 2. */
export const CHAT_SPECIAL_TOKENS = ['<pad>', UNKNOWN_TOKEN, '<sep>'] as const;

/** What a character tokenizer has beside characters. */
export interface CharTokenizerOptions {
  /** Ids from 0 in this order. With `<unk>` unknown characters get its id, without it they are an error. Default: none. */
  specialTokens?: readonly string[];
  /** Special tokens with the ids after the last character's. Default: none. */
  addedTokens?: readonly string[];
}

/** How a vocabulary is collected from texts. */
export interface CharVocabularyOptions extends CharTokenizerOptions {
  /** Rarer characters are left to `<unk>`, which then is learned like any token. Default 1: every character is kept. */
  minimumCount?: number;
}

/** A character that is not in a vocabulary without `<unk>`. */
export class UnknownCharacterError extends InputError {
  /** @param position in UTF-16 units from 0, as in `text.at(position)`. */
  constructor(
    readonly character: string,
    readonly position: number,
  ) {
    super(`character ${nameCharacter(character)} at position ${position} is not in the vocabulary`);
  }
}

/** One token a character (a Unicode code point), ids in the order in which characters are first seen. */
export class CharTokenizer implements Tokenizer {
  readonly canEncodeInPieces = true;
  readonly #specialTokens: readonly string[];
  readonly #characters: readonly string[];
  readonly #addedTokens: readonly string[];
  readonly #tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #idOfCodePoint: ReadonlyMap<number, number>;
  readonly #specialPattern: RegExp | undefined;

  /**
   * @param characters the vocabulary in the order of ids; see `fromTexts` and `fromFiles` to collect it.
   * @throws ArgumentError on what is no single character, on a repeated token, and on a special token that has white
   *   space or is shorter than two characters.
   */
  constructor(characters: Iterable<string>, { specialTokens = [], addedTokens = [] }: CharTokenizerOptions = {}) {
    this.#specialTokens = [...specialTokens];
    this.#characters = [...characters];
    this.#addedTokens = [...addedTokens];
    this.#tokens = [...this.#specialTokens, ...this.#characters, ...this.#addedTokens];
    this.#ids = new Map(this.#tokens.map((token, id) => [token, id]));
    if (this.#ids.size !== this.#tokens.length) throw new ArgumentError('the vocabulary has the same token twice');
    const written = [...this.#specialTokens, ...this.#addedTokens];
    for (const token of written) checkSpecialToken(token);
    for (const character of this.#characters) checkCharacter(character);
    this.#idOfCodePoint = new Map(
      this.#characters.map((character, i) => [character.codePointAt(0) ?? 0, specialTokens.length + i]),
    );
    this.#specialPattern = written.length === 0 ? undefined : matchAny(written);
  }

  /**
   * The vocabulary of the characters of `texts`.
   * @throws ArgumentError when rare characters are to be left out and there is no `<unk>` to stand for them.
   */
  static fromTexts(texts: Iterable<string>, options: CharVocabularyOptions = {}): CharTokenizer {
    const { minimumCount = 1, ...rest } = options;
    if (!Number.isInteger(minimumCount) || minimumCount < 1) {
      throw new ArgumentError(`minimumCount is ${minimumCount}; allowed: whole numbers from 1`);
    }
    if (minimumCount > 1 && rest.specialTokens?.includes(UNKNOWN_TOKEN) !== true) {
      throw new ArgumentError(`minimumCount is ${minimumCount}; without ${UNKNOWN_TOKEN} only 1 is allowed`);
    }
    const counts = new Map<string, number>();
    for (const text of texts) {
      checkWellFormed(text);
      for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    // A Map keeps the order in which its keys were first set.
    const kept = [...counts].filter(([, count]) => count >= minimumCount).map(([character]) => character);
    return new CharTokenizer(kept, rest);
  }

  /** The vocabulary of all characters of text files. @throws InputError as `readText`. */
  static async fromFiles(files: Iterable<string>, options?: CharTokenizerOptions): Promise<CharTokenizer> {
    const characters = new Set<string>();
    for (const file of files) {
      for await (const text of readTextChunks(file)) for (const character of text) characters.add(character);
    }
    return new CharTokenizer(characters, options);
  }

  get vocabSize(): number {
    return this.#tokens.length;
  }

  /** Every entry, in the order of ids. */
  get tokens(): readonly string[] {
    return this.#tokens;
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    let end = 0;
    for (const match of this.#specialPattern === undefined ? [] : text.matchAll(this.#specialPattern)) {
      this.#encodeCharacters(text, end, match.index, ids);
      ids.push(this.#ids.get(match[0]) ?? 0);
      end = match.index + match[0].length;
    }
    this.#encodeCharacters(text, end, text.length, ids);
    return ids;
  }

  decode(ids: ArrayLike<number>): string {
    checkTokenIds(ids, this.vocabSize);
    return Array.from(ids, (id) => this.#tokens[id]).join('');
  }

  tokenId(token: string): number | undefined {
    return this.#ids.get(token);
  }

  withSpecialTokens(tokens: readonly string[]): CharTokenizer {
    for (const token of tokens) checkSpecialToken(token);
    const missing = tokens.filter((token) => !this.#ids.has(token));
    const addedTokens = [...this.#addedTokens, ...new Set(missing)];
    return new CharTokenizer(this.#characters, { specialTokens: this.#specialTokens, addedTokens });
  }

  toJSON(): object {
    return charTokenizerJson({
      specialTokens: this.#specialTokens,
      characters: this.#characters,
      addedTokens: this.#addedTokens,
    });
  }

  async save(dir: string): Promise<void> {
    await saveTokenizerFiles(dir, this.toJSON(), charTokenizerConfig(this.#specialTokens));
  }

  #encodeCharacters(text: string, start: number, end: number, ids: number[]): void {
    for (let i = start; i < end; i++) {
      const codePoint = text.codePointAt(i) ?? 0;
      const id = this.#idOfCodePoint.get(codePoint) ?? this.#unknown(text, i);
      ids.push(id);
      if (codePoint > 0xffff) i++;
    }
  }

  #unknown(text: string, position: number): number {
    checkWellFormed(text);
    const id = this.#ids.get(UNKNOWN_TOKEN);
    if (id !== undefined) return id;
    throw new UnknownCharacterError(String.fromCodePoint(text.codePointAt(position) ?? 0), position);
  }
}

/** `"é" (U+00E9)`, as errors tell a character that may not be visible. */
export function nameCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `${JSON.stringify(character)} (U+${code})`;
}

function checkCharacter(character: string): void {
  if ([...character].length !== 1) {
    throw new ArgumentError(`the vocabulary has ${JSON.stringify(character)}; allowed: single characters`);
  }
  checkWellFormed(character);
}

/** Where two special tokens begin at the same place the longer one counts, as in Hugging Face's tokenizers. */
function matchAny(tokens: readonly string[]): RegExp {
  const longestFirst = [...tokens].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(escapePattern).join('|'), 'gu');
}
