/**
 * Ends a text before the first of some strings, wherever the pieces it comes in are cut. What may be the beginning of one
 * is held back until it is known.
 */
export class StopStrings {
  #held = '';
  #stopped = false;

  /** @param stops none empty */
  constructor(readonly stops: readonly string[]) {}

  /** A stop string has come; nothing comes after. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** What of the text so far is certain to belong to it and has not been told. */
  push(piece: string): string {
    if (this.#stopped) return '';
    const text = this.#held + piece;
    const places = this.stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
    if (places.length > 0) {
      this.#stopped = true;
      this.#held = '';
      return text.slice(0, Math.min(...places));
    }
    const certain = text.length - this.#beginningAtEnd(text);
    this.#held = text.slice(certain);
    return text.slice(0, certain);
  }

  /** What was held back, where the text ends without a stop string. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  /** The length of the longest end of `text` with which a stop string begins. */
  #beginningAtEnd(text: string): number {
    const longest = Math.max(0, ...this.stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const end = text.slice(text.length - length);
      if (this.stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
