import { ArgumentError } from '../errors.js';
import { KneserNey } from './kneser-ney.js';

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
  trigram: BaselineScore;
}

/** Running text as one sequence: every token but the first is a target. */
export function textSequence(tokens: Uint16Array | Uint32Array): TargetSequence {
  return { inputs: tokens.subarray(0, -1), targets: tokens.subarray(1) };
}

/**
 * What counting alone gives, for a model to beat. Each gives each of `vocabSize` tokens a probability above 0, and the
 * probabilities sum to 1.
 *
 * - Unigram: add one. P(w) = (c(w) + 1) / (N + V).
 * - Bigram and trigram: interpolated Kneser-Ney, see `KneserNey`.
 */
export class CountBaselines {
  readonly #vocabSize: number;
  readonly #unigram: Float64Array;
  readonly #bigram: KneserNey;
  readonly #trigram: KneserNey;
  #targets = 0;

  /** @throws ArgumentError when there is no target, or an id is out of range. */
  constructor(training: Iterable<TargetSequence>, vocabSize: number) {
    this.#vocabSize = vocabSize;
    this.#bigram = new KneserNey(2, vocabSize);
    this.#trigram = new KneserNey(3, vocabSize);
    const counts = new Float64Array(vocabSize);
    for (const [before, previous, token] of trigramsOf(training, vocabSize)) {
      this.#targets++;
      counts[token] = (counts[token] ?? 0) + 1;
      this.#bigram.add([previous, token]);
      this.#trigram.add([before, previous, token]);
    }
    if (this.#targets === 0) throw new ArgumentError('the baselines have no training target');
    this.#unigram = counts.map((count) => (count + 1) / (this.#targets + vocabSize));
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
    return this.#bigram.probability([previous, token]);
  }

  /** P(token | the two before it). `before` is `vocabSize` where `previous` is the first of its sequence. */
  trigramProbability(before: number, previous: number, token: number): number {
    return this.#trigram.probability([before, previous, token]);
  }

  /** @throws ArgumentError when there is no target, or an id is out of range. */
  evaluate(heldOut: Iterable<TargetSequence>): BaselineScores {
    const sums = { unigram: 0, bigram: 0, trigram: 0 };
    let targets = 0;
    for (const [before, previous, token] of trigramsOf(heldOut, this.#vocabSize)) {
      targets++;
      sums.unigram -= Math.log(this.unigramProbability(token));
      sums.bigram -= Math.log(this.bigramProbability(previous, token));
      sums.trigram -= Math.log(this.trigramProbability(before, previous, token));
    }
    if (targets === 0) throw new ArgumentError('the baselines have no target to be measured on');
    return {
      targets,
      unigram: score(sums.unigram / targets),
      bigram: score(sums.bigram / targets),
      trigram: score(sums.trigram / targets),
    };
  }
}

function score(loss: number): BaselineScore {
  return { loss, perplexity: Math.exp(loss) };
}

/** Each target with the two tokens before it; `vocabSize` stands for what is before the beginning. */
function* trigramsOf(
  sequences: Iterable<TargetSequence>,
  vocabSize: number,
): Generator<[before: number, previous: number, token: number]> {
  for (const { inputs, targets } of sequences) {
    for (let i = 0; i < targets.length; i++) {
      const previous = inputs[i] ?? Number.NaN;
      const token = targets[i] ?? Number.NaN;
      if (token === -100) continue;
      for (const id of [previous, token]) {
        if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) {
          throw new ArgumentError(`token id ${id} at position ${i} is out of range; allowed: 0 to ${vocabSize - 1}`);
        }
      }
      yield [inputs[i - 1] ?? vocabSize, previous, token];
    }
  }
}
