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

  /** How many turns are remembered. */
  get turns(): number {
    return this.#turns.length;
  }

  /** The remembered turns, oldest first, without separators. */
  entries(): readonly (readonly number[])[] {
    return this.#turns;
  }

  /** A separator inside a turn would make it two: who writes `<sep>` in a message speaks for nobody else. */
  add(turn: readonly number[]): void {
    const own = turn.filter((token) => token !== this.separator);
    // Of a turn that alone is too long, its end is what an answer can refer to.
    this.#turns.push(own.slice(Math.max(0, own.length + 1 - this.room)));
  }

  /** Takes the newest turn back. */
  removeLast(): void {
    this.#turns.pop();
  }

  /** Forgets every turn. */
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
