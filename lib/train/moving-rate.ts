/**
 * How much is done a second, averaged over about the last `horizon` seconds (an exponential average weighted by time, so
 * that neither short nor long intervals count for more than their length).
 */
export class MovingRate {
  #rate = 0;
  #weight = 0;

  constructor(readonly horizon = 10) {}

  add(amount: number, seconds: number): void {
    if (seconds <= 0) return;
    const fade = Math.exp(-seconds / this.horizon);
    this.#rate = fade * this.#rate + (1 - fade) * (amount / seconds);
    this.#weight = fade * this.#weight + (1 - fade);
  }

  /** 0 until something was added. */
  get perSecond(): number {
    return this.#weight === 0 ? 0 : this.#rate / this.#weight;
  }
}
