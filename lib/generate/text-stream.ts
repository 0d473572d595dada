const REPLACEMENT = '\ufffd';
/** Tokens before the new ones that are decoded with them: what a token's text is may hang on the one before. */
const CONTEXT = 4;
/** Bytes of a character before its last one, each of which may be a token and be written as a replacement. */
const UNFINISHED = 3;

/**
 * Turns tokens into text as they come. A byte-level token may end in the middle of a character; such a piece is held
 * back until the rest has come, or so much else that it cannot become one. A token costs the same however long the text is.
 */
export class TextStream {
  /** The newest tokens: some that are told already, then those whose text is held back. */
  readonly #tokens: number[] = [];
  #told = 0;
  /** Tokens since the text last ended with a whole character. */
  #held = 0;

  /** @param decode gives the text of tokens, as a tokenizer's `decode` */
  constructor(readonly decode: (tokens: number[]) => string) {}

  /** The characters that `token` completes. */
  push(token: number): string {
    this.#tokens.push(token);
    const text = this.decode(this.#tokens);
    if (!text.endsWith(REPLACEMENT)) {
      this.#held = 0;
      return this.#tell(text);
    }
    if (++this.#held <= UNFINISHED) return '';
    let end = text.length;
    while (end > text.length - UNFINISHED && text[end - 1] === REPLACEMENT) end--;
    return this.#tell(text, end);
  }

  /** What was held back to the end. */
  end(): string {
    return this.#tell(this.decode(this.#tokens));
  }

  #tell(text: string, end = text.length): string {
    if (end < this.#told) return '';
    const news = text.slice(this.#told, end);
    this.#told = end;
    // Where all is told, characters are whole, and so what comes is the same without the tokens before. Else what is left
    // are replacements, each of up to three bytes.
    const left = text.length - end;
    const kept = CONTEXT + UNFINISHED * left;
    if (this.#tokens.length > 2 * kept) {
      this.#tokens.splice(0, this.#tokens.length - kept);
      this.#told = this.decode(this.#tokens).length - left;
    }
    return news;
  }
}
