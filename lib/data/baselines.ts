import { ArgumentError } from '../errors.js';

/** Tokens and what follows each of them, as a model gets them; targets of -100 do not count. */
export interface TargetSequence {
  inputs: ArrayLike<number>;
  /** As long as `inputs`. */
  targets: ArrayLike<number>;
}

/** Over the same targets as a model is measured on. */
export interface BaselineScore {
  /** Nats per target. */
  loss: number;
  perplexity: number;
}

export interface BaselineScores {
  targets: number;
  unigram: BaselineScore;
  bigram: BaselineScore;
}

/** Running text as one sequence: every token but the first is a target. */
export function textSequence(tokens: Uint16Array | Uint32Array): TargetSequence {
  return { inputs: tokens.subarray(0, -1), targets: tokens.subarray(1) };
}

/**
 * What counting alone gives, for a model to beat. Both give each of `vocabSize` tokens a probability above 0, and the
 * probabilities sum to 1.
 *
 * - Unigram: add one. P(w) = (c(w) + 1) / (N + V).
 * - Bigram: interpolated Kneser-Ney (Kneser and Ney 1995, in the form of Chen and Goodman 1999, section 2.7):
 *   P(w|v) = max(c(v,w) - D, 0) / c(v) + D·N(v,·) / c(v) · Pc(w), where N(v,·) counts the tokens seen after v, and Pc(w)
 *   is how many tokens w was seen after, discounted in the same way and interpolated with 1/V.
 *   Each discount is Ney, Essen and Kneser's (1994) estimate D = n1 / (n1 + 2·n2) from the counts that are 1 and 2 in
 *   the training part, 0.5 where no count is 1. Nothing is chosen on held-out text.
 */
export class CountBaselines {
  readonly #vocabSize: number;
  readonly #unigram: Float64Array;
  readonly #pairs = new Map<number, number>();
  /** By the first token of a pair: how often it was seen, and how many tokens were seen after it. */
  readonly #followed: Float64Array;
  readonly #followers: Float64Array;
  readonly #continuation: Float64Array;
  readonly #targets: number;
  readonly #discount: number;

  /** @throws ArgumentError when there is no target, or an id is out of range. */
  constructor(training: Iterable<TargetSequence>, vocabSize: number) {
    this.#vocabSize = vocabSize;
    const counts = new Float64Array(vocabSize);
    const leaders = new Float64Array(vocabSize);
    this.#followed = new Float64Array(vocabSize);
    this.#followers = new Float64Array(vocabSize);
    let targets = 0;
    for (const [previous, next] of pairsOf(training, vocabSize)) {
      targets++;
      add(counts, next);
      add(this.#followed, previous);
      const pair = previous * vocabSize + next;
      const seen = this.#pairs.get(pair) ?? 0;
      this.#pairs.set(pair, seen + 1);
      if (seen > 0) continue;
      add(this.#followers, previous);
      add(leaders, next);
    }
    if (targets === 0) throw new ArgumentError('the baselines have no training target');
    this.#targets = targets;
    this.#unigram = counts.map((count) => (count + 1) / (targets + vocabSize));
    this.#discount = discountOf(this.#pairs.values());
    const discount = discountOf(leaders);
    const kinds = leaders.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
    this.#continuation = leaders.map(
      (count) => (Math.max(count - discount, 0) + (discount * kinds) / vocabSize) / this.#pairs.size,
    );
  }

  /** Targets counted in training. */
  get trainingTargets(): number {
    return this.#targets;
  }

  /** P(token), whatever stands before it. */
  unigramProbability(token: number): number {
    return this.#unigram[token] ?? 0;
  }

  /** P(token | previous). */
  bigramProbability(previous: number, token: number): number {
    const lower = this.#continuation[token] ?? 0;
    const total = this.#followed[previous] ?? 0;
    if (total === 0) return lower;
    const count = this.#pairs.get(previous * this.#vocabSize + token) ?? 0;
    const reserved = this.#discount * (this.#followers[previous] ?? 0);
    return (Math.max(count - this.#discount, 0) + reserved * lower) / total;
  }

  /** @throws ArgumentError when there is no target, or an id is out of range. */
  evaluate(heldOut: Iterable<TargetSequence>): BaselineScores {
    let targets = 0;
    let unigram = 0;
    let bigram = 0;
    for (const [previous, next] of pairsOf(heldOut, this.#vocabSize)) {
      targets++;
      unigram -= Math.log(this.unigramProbability(next));
      bigram -= Math.log(this.bigramProbability(previous, next));
    }
    if (targets === 0) throw new ArgumentError('the baselines have no target to be measured on');
    return { targets, unigram: score(unigram / targets), bigram: score(bigram / targets) };
  }
}

function score(loss: number): BaselineScore {
  return { loss, perplexity: Math.exp(loss) };
}

function* pairsOf(sequences: Iterable<TargetSequence>, vocabSize: number): Generator<[previous: number, next: number]> {
  for (const { inputs, targets } of sequences) {
    for (let i = 0; i < targets.length; i++) {
      const previous = inputs[i] ?? Number.NaN;
      const next = targets[i] ?? Number.NaN;
      if (next === -100) continue;
      for (const id of [previous, next]) {
        if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) {
          throw new ArgumentError(`token id ${id} at position ${i} is out of range; allowed: 0 to ${vocabSize - 1}`);
        }
      }
      yield [previous, next];
    }
  }
}

function add(counts: Float64Array, index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
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
