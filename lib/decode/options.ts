import type { SamplingOptions } from '../tensor/index.js';

/** How a prompt is continued. */
export interface GenerateOptions extends SamplingOptions {
  /** Most tokens to generate; fewer where the context ends and `whenFull` is `stop`. */
  maxNewTokens: number;
  /** Token ids that end the text; they are not given out. */
  stop?: readonly number[];
  /** The same seed gives the same tokens. Default: a random one. */
  seed?: number;
  /** Ends the generation before its next token. */
  signal?: AbortSignal;
  /** Gives each token's log-probability. Default false. */
  logProbs?: boolean;
  /**
   * What happens where the context is full. `stop`: the text ends, by `length`. `slide`: the oldest half of the context
   * is dropped and the rest computed anew, at positions from 0 on; so the text goes on, knowing less of its past.
   * Default `stop`.
   */
  whenFull?: 'stop' | 'slide';
  /** Most prompt tokens that one step computes; other queued work takes its turn between two steps. Default 256. */
  prefillChunk?: number;
}

/** As `GenerateOptions`, for several continuations of one prompt, which is computed once. */
export interface SamplesOptions extends GenerateOptions {
  /** Continuations; each draws numbers of its own. Default 1. */
  n?: number;
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
}

/** `stop`: a stop token came; `length`: maxNewTokens or the context length was reached; `aborted`: by the signal. */
export type FinishReason = 'stop' | 'length' | 'aborted';

/** A generated text. */
export interface Completion {
  tokens: number[];
  /** Of each token, as in `GeneratedToken`; only with the option `logProbs`. */
  logProbs?: number[];
  finishReason: FinishReason;
}
