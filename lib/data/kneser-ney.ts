import { ArgumentError } from '../errors.js';

/**
 * Interpolated Kneser-Ney (Kneser and Ney 1995, in the form of Chen and Goodman 1999, section 2.7) of any order n:
 *
 *     P_n(w|h) = max(c(h,w) - D_n, 0) / c(h) + D_n·N(h,·) / c(h) · P_(n-1)(w|h')
 *
 * h' is h without its first token, N(h,·) counts the tokens seen after h, and below the highest order c counts after how
 * many different tokens something was seen. P_0 is 1/V. Each discount is Ney, Essen and Kneser's (1994) estimate
 * D = n1 / (n1 + 2·n2) from the counts that are 1 and 2, 0.5 where no count is 1. Nothing is chosen on held-out text.
 */
export class KneserNey {
  /** Digits of an n-gram's number: the tokens, and what stands for those before the beginning. */
  readonly #base: number;
  readonly #seen = new Map<number, number>();
  /** Of order 1, 2, … n; undefined until asked for. */
  #orders: readonly Counts[] | undefined;

  /**
   * @param order n, from 1
   * @throws ArgumentError where (vocabSize + 1)^n is no safe integer
   */
  constructor(
    readonly order: number,
    readonly vocabSize: number,
  ) {
    this.#base = vocabSize + 1;
    if (this.#base ** order <= Number.MAX_SAFE_INTEGER) return;
    throw new ArgumentError(`a vocabulary of ${vocabSize} is too large to count ${order}-grams`);
  }

  /** Counts an n-gram; `vocabSize` in it stands for what is before the beginning of a text. */
  add(gram: readonly number[]): void {
    increase(this.#seen, this.#number(gram));
    this.#orders = undefined;
  }

  /** P(last token | those before it). `gram` has n tokens. */
  probability(gram: readonly number[]): number {
    const number = this.#number(gram);
    let probability = 1 / this.vocabSize;
    this.#orders ??= this.#countOrders();
    for (const [index, counts] of this.#orders.entries()) {
      probability = counts.interpolate(number % this.#base ** (index + 1), probability);
    }
    return probability;
  }

  #countOrders(): Counts[] {
    const highest = new Counts(this.#seen, this.#base);
    const orders = [highest];
    for (let k = this.order - 1; k >= 1; k--) {
      const continuations = new Map<number, number>();
      for (const gram of (orders[0] ?? highest).grams.keys()) increase(continuations, gram % this.#base ** k);
      orders.unshift(new Counts(continuations, this.#base));
    }
    return orders;
  }

  #number(gram: readonly number[]): number {
    return gram.reduce((number, token) => number * this.#base + token, 0);
  }
}

/** The counts of one order. */
class Counts {
  readonly discount: number;
  /** By context: how often it was seen, and how many tokens were seen after it. */
  readonly #followed = new Map<number, number>();
  readonly #followers = new Map<number, number>();

  constructor(
    readonly grams: ReadonlyMap<number, number>,
    readonly base: number,
  ) {
    for (const [gram, count] of grams) {
      const context = Math.floor(gram / base);
      increase(this.#followed, context, count);
      increase(this.#followers, context);
    }
    this.discount = discountOf(grams.values());
  }

  /** @param lower what the shorter context gives */
  interpolate(gram: number, lower: number): number {
    const context = Math.floor(gram / this.base);
    const total = this.#followed.get(context);
    if (total === undefined) return lower;
    const reserved = this.discount * (this.#followers.get(context) ?? 0);
    return (Math.max((this.grams.get(gram) ?? 0) - this.discount, 0) + reserved * lower) / total;
  }
}

function increase(counts: Map<number, number>, key: number, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function discountOf(counts: Iterable<number>): number {
  let ones = 0;
  let twos = 0;
  for (const count of counts) {
    if (count === 1) ones++;
    if (count === 2) twos++;
  }
  return ones === 0 ? 0.5 : ones / (ones + 2 * twos);
}
