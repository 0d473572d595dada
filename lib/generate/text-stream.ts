const REPLACEMENT = '\ufffd';
/** Tokens before the new ones that are decoded with them: what a token's text is may hang on the one before. */
const CONTEXT = 4;

/**
 * Turns tokens into text as they come. A byte-level token may end in the middle of a character; such a piece is held
 * back until the rest has come. A token costs the same however long the text is.
 */
export class TextStream {
  /** The newest tokens: some that are told already, then those whose text is held back. */
  readonly #tokens: number[] = [];
  #told = 0;

  /** @param decode gives the text of tokens, as a tokenizer's `decode` */
  constructor(readonly decode: (tokens: number[]) => string) {}

  /** The characters that `token` completes. */
  push(token: number): string {
    this.#tokens.push(token);
    const text = this.decode(this.#tokens);
    return text.endsWith(REPLACEMENT) ? '' : this.#tell(text);
  }

  /** What was held back to the end. */
  end(): string {
    return this.#tell(this.decode(this.#tokens));
  }

  #tell(text: string): string {
    const news = text.slice(this.#told);
    this.#told = text.length;
    // Where all is told, characters are whole, and so what comes is the same without the tokens before.
    if (this.#tokens.length > 2 * CONTEXT) {
      this.#tokens.splice(0, this.#tokens.length - CONTEXT);
      this.#told = this.decode(this.#tokens).length;
    }
    return news;
  }
}
