const REPLACEMENT = '\ufffd';

/**
 * Turns tokens into text as they come. A byte-level token may end in the middle of a character; such a piece is held
 * back until the rest has come.
 */
export class TextStream {
  readonly #tokens: number[] = [];
  #told = 0;

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
    return news;
  }
}
