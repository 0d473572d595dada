/**
 * A dialogue as the chat model reads it: `u1 <sep> u2 <sep> …`, turns in order, whoever spoke them. What no longer fits
 * goes from the front, in whole turns, so that the model never reads half a sentence.
 */
export class ChatHistory {
  #turns: number[][] = [];

  /**
   * @param separator the token id that ends a turn.
   * @param room tokens that a prompt may have; at least 2.
   */
  constructor(
    readonly separator: number,
    readonly room: number,
  ) {}

  get turns(): number {
    return this.#turns.length;
  }

  add(turn: readonly number[]): void {
    // Of a turn that alone is too long, its end is what an answer can refer to.
    this.#turns.push(turn.slice(Math.max(0, turn.length + 1 - this.room)));
  }

  clear(): void {
    this.#turns = [];
  }

  /** The newest turns that fit, each with its separator. Older ones are forgotten. */
  prompt(): number[] {
    let length = this.#turns.reduce((sum, turn) => sum + turn.length + 1, 0);
    while (length > this.room) length -= (this.#turns.shift()?.length ?? 0) + 1;
    return this.#turns.flatMap((turn) => [...turn, this.separator]);
  }
}
