import { ArgumentError } from '../errors.js';
import type { GPT } from '../model/index.js';
import type { KeyValueCache } from '../nn/index.js';
import { noGrad, scope, tensor } from '../tensor/index.js';
import { checkTokens } from './generate.js';

/** How beams are searched; names and defaults as in transformers' `generate`. */
export interface BeamSearchOptions {
  /** Sequences that are followed at once, and given back at most. */
  beams: number;
  /** Most tokens of a beam; fewer where the context ends. */
  maxNewTokens: number;
  /** Token ids that end a beam; they count in its length, but are not given out. */
  stop?: readonly number[];
  /** A beam's score is its log-probability divided by its length to this power; above 0 favours long ones. Default 1. */
  lengthPenalty?: number;
  /**
   * When the search ends. `true`: with as many finished beams as `beams`. `false`: when the best running beam, as long as
   * it is now, is below the worst finished one. `never`: when it would be so at any length up to `maxNewTokens`.
   * Default false.
   */
  earlyStopping?: boolean | 'never';
  /** Ends the search with an error, its reason. */
  signal?: AbortSignal;
}

/** A continuation that beam search found. */
export interface Beam {
  tokens: number[];
  /** Σ log P(token), the stop token's included, divided by length to the power of `lengthPenalty`. */
  score: number;
  finishReason: 'stop' | 'length';
}

/** A sequence that is followed. */
interface Running {
  tokens: number[];
  /** Σ log P of its tokens. */
  logProb: number;
}

/** A running sequence and a further token. */
interface Candidate {
  row: number;
  token: number;
  logProb: number;
}

/**
 * The most probable continuations, by beam search, the best first. The prompt is computed once, and each token of a beam
 * once.
 * @throws ArgumentError for an empty prompt, one longer than the context, a token outside the vocabulary, a wrong option
 */
export async function beamSearch(model: GPT, prompt: readonly number[], options: BeamSearchOptions): Promise<Beam[]> {
  const { beams, stop = [], signal } = options;
  const most = check(model, prompt, options);
  const kept = (1 + stop.length) * beams; // so that `beams` go on, even where every row has all its stop tokens among them
  let running: Running[] = [{ tokens: [], logProb: 0 }];
  let finished: Beam[] = [];
  let cache = model.makeCache({ capacity: Math.min(model.config.contextLength, prompt.length + most) });
  try {
    let input: (readonly number[])[] = [prompt];
    for (let length = 1; ; length++) {
      signal?.throwIfAborted();
      const logProbs = await nextLogProbs(model, input, cache);
      const candidates = best(running, logProbs, kept);
      const ends = candidates.map(({ token }) => stop.includes(token) || length === most);
      // A beam counts as finished only where it is among the best; the others of `candidates` replace those that end.
      const newlyFinished = candidates.slice(0, beams).filter((_, i) => ends[i]);
      const divisor = length ** (options.lengthPenalty ?? 1);
      finished = [...finished, ...newlyFinished.map((candidate) => finish(candidate, running, stop, divisor))]
        .sort((a, b) => b.score - a.score)
        .slice(0, beams);
      const going = candidates.filter((_, i) => !ends[i]).slice(0, beams);
      if (isOver(going[0], finished, { ...options, length, most })) return finished;
      running = going.map((candidate) => extend(candidate, running));
      cache = reorder(cache, going, logProbs.length / model.config.vocabSize);
      input = going.map(({ token }) => [token]);
    }
  } finally {
    cache.dispose();
  }
}

/** @returns the most tokens that a beam can have */
function check(model: GPT, prompt: readonly number[], { beams, maxNewTokens, lengthPenalty = 1 }: BeamSearchOptions) {
  checkTokens(model, prompt);
  const { contextLength, vocabSize } = model.config;
  if (prompt.length > contextLength) {
    throw new ArgumentError(`the prompt has ${prompt.length} tokens, the context length is ${contextLength}`);
  }
  if (!Number.isInteger(beams) || beams < 1 || beams > vocabSize) {
    throw new ArgumentError(`beams must be within 1 and the vocabulary's ${vocabSize}, not ${beams}`);
  }
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    throw new ArgumentError(`maxNewTokens must be a whole number from 1, not ${maxNewTokens}`);
  }
  if (!Number.isFinite(lengthPenalty)) throw new ArgumentError(`lengthPenalty must be a number, not ${lengthPenalty}`);
  return Math.min(maxNewTokens, contextLength - prompt.length + 1);
}

/** log P of each token behind each row: (rows · vocabSize), row by row. */
async function nextLogProbs(model: GPT, rows: readonly (readonly number[])[], cache: KeyValueCache) {
  const wasTraining = model.training;
  model.eval();
  const logProbs = noGrad(() =>
    scope(() => {
      const tokens = tensor(rows, { dtype: 'int64', device: model.device }); // (B, T)
      const hidden = model.hidden(tokens, { cache }); // (B, T, width)
      const last = hidden.narrow(1, (hidden.shape[1] ?? 0) - 1, 1).reshape(rows.length, -1); // (B, width)
      return last.matmul(model.outputWeight.transpose(0, 1)).logSoftmax(); // (B, vocabSize)
    }),
  );
  model.training = wasTraining;
  const values = (await logProbs.toArray()) as Float32Array; // of float32, in whatever precision the model computes
  logProbs.dispose();
  return values;
}

/** The most probable continuations by one token, the best first. */
function best(running: readonly Running[], logProbs: Float32Array, count: number): Candidate[] {
  const vocabSize = logProbs.length / running.length;
  const found: Candidate[] = [];
  for (const [row, { logProb: before }] of running.entries()) {
    for (let token = 0; token < vocabSize; token++) {
      const logProb = before + (logProbs[row * vocabSize + token] ?? Number.NaN);
      const worst = found[count - 1];
      if (worst && logProb <= worst.logProb) continue;
      let place = found.length;
      while (place > 0 && (found[place - 1]?.logProb ?? 0) < logProb) place--;
      found.splice(place, 0, { row, token, logProb });
      found.length = Math.min(found.length, count);
    }
  }
  return found;
}

function extend({ row, token, logProb }: Candidate, running: readonly Running[]): Running {
  return { tokens: [...(running[row]?.tokens ?? []), token], logProb };
}

function finish(candidate: Candidate, running: readonly Running[], stop: readonly number[], divisor: number): Beam {
  const { tokens, logProb } = extend(candidate, running);
  const stopped = stop.includes(candidate.token);
  return {
    tokens: stopped ? tokens.slice(0, -1) : tokens,
    score: logProb / divisor,
    finishReason: stopped ? 'stop' : 'length',
  };
}

interface Progress extends BeamSearchOptions {
  length: number;
  most: number;
}

/** Whether no running beam can count any more; `bestRunning` is undefined where all have ended. */
function isOver(bestRunning: Candidate | undefined, finished: readonly Beam[], progress: Progress): boolean {
  const { beams, earlyStopping = false, lengthPenalty = 1, length, most } = progress;
  const worst = finished[beams - 1];
  if (!bestRunning) return true;
  if (!worst) return false;
  if (earlyStopping === true) return true;
  const hopedFor = earlyStopping === 'never' && lengthPenalty > 0 ? most : length;
  return bestRunning.logProb / hopedFor ** lengthPenalty <= worst.score;
}

/** The cache whose rows are those that the candidates go on from. */
function reorder(cache: KeyValueCache, candidates: readonly Candidate[], rows: number): KeyValueCache {
  if (candidates.length === rows && candidates.every(({ row }, i) => row === i)) return cache;
  const from = tensor(
    candidates.map(({ row }) => row),
    { dtype: 'int64', device: cache.layers[0]?.keys.device },
  );
  const forked = cache.fork(from, cache.capacity - cache.length);
  from.dispose();
  cache.dispose();
  return forked;
}
