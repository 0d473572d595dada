import type { SamplingOptions } from '../tensor/index.js';

/** What a request is allowed of a decoder that others use too. */
export interface RequestOptions {
  /** Ends the request before the decoder's next step. */
  signal?: AbortSignal;
  /** Whom the request is for. Waiting requests of different clients take turns. Default: one client for all. */
  client?: string;
  /**
   * Longest time that the request may wait for its first step, in milliseconds; then it fails with `DecoderTimeoutError`.
   * Default: no limit.
   */
  waitTimeout?: number;
  /**
   * Longest time that the request may take from its call on, waiting included, in milliseconds. A text that is begun then
   * ends with what it has, by `timeout`; what has no result yet fails with `DecoderTimeoutError`. Default: no limit.
   */
  timeout?: number;
}

/** How a prompt is continued. */
export interface GenerateOptions extends SamplingOptions, RequestOptions {
  /** Most tokens to generate; fewer where the context ends and `whenFull` is `stop`. */
  maxNewTokens: number;
  /** Token ids that end the text; they are not given out. */
  stop?: readonly number[];
  /**
   * Asked after each token, once the caller has it: true ends that token's continuation with it, by `stop`, before the
   * decoder's next step. For ends that the text tells and no single token.
   */
  isLast?: ((token: GeneratedToken) => boolean) | undefined;
  /**
   * The same seed gives the same tokens, whatever else is generated beside them; but for rounding, which torch's kernels do
   * otherwise beside others (see `batchInvariant`). Default: a random one.
   */
  seed?: number;
  /** Gives each token's log-probability. Default false. */
  logProbs?: boolean;
  /** Gives the so many most probable tokens at each place, with their log-probabilities: 0 to 100. Default 0. */
  topLogProbs?: number;
  /**
   * What happens where the context is full. `stop`: the text ends, by `length`. `slide`: the oldest half of the context
   * is dropped and the rest computed anew, at positions from 0 on; so the text goes on, knowing less of its past.
   * Default `stop`.
   */
  whenFull?: 'stop' | 'slide';
  /**
   * Most tokens of this request's prompt that one step computes; other queued work takes its turn between two steps.
   * Default: the decoder's `stepTokens`.
   */
  prefillChunk?: number;
}

/** As `GenerateOptions`, for several continuations of one prompt, which is computed once. */
export interface SamplesOptions extends GenerateOptions {
  /** Called when the prompt's computation begins, with the number of its tokens that are kept from before. */
  onBegin?: ((prompt: { cachedTokens: number }) => void) | undefined;
  /** Continuations, 1 to 1024; each draws numbers of its own. Default 1. */
  n?: number;
}

/** A token and the natural logarithm of the probability that the model gave it. */
export interface TokenLogProb {
  readonly token: number;
  readonly logProb: number;
}

/** One generated token. */
export interface GeneratedToken {
  /** Which of the `n` continuations it belongs to, from 0. */
  readonly sample: number;
  readonly token: number;
  /**
   * Natural logarithm of the probability that the model gave the token, before repetition penalty, temperature and
   * filters. Only with the option `logProbs`.
   */
  readonly logProb?: number;
  /** What was most probable at this place, likewise, the most probable first. Only with the option `topLogProbs`. */
  readonly topLogProbs?: readonly TokenLogProb[];
}

/**
 * `stop`: a stop token came, or `isLast` said so; `length`: maxNewTokens or the context length was reached; `aborted`: by
 * the signal; `timeout`: the time that the request was given is over.
 */
export type FinishReason = 'stop' | 'length' | 'aborted' | 'timeout';

/** A generated text. */
export interface Completion {
  /** What was generated, without the prompt and the stop token. */
  tokens: number[];
  /** Of each token, as in `GeneratedToken`; only with the option `logProbs`. */
  logProbs?: number[];
  /** At each token's place, as in `GeneratedToken`; only with the option `topLogProbs`. */
  topLogProbs?: (readonly TokenLogProb[])[];
  finishReason: FinishReason;
}
