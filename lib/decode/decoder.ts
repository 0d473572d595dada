import {
  addon,
  type DecoderHandle,
  type DecoderStats,
  type EmbeddingEvent,
  type GenerationEvent,
} from '../addon/index.js';
import type { DecoderBlock, Embedding, LayerNorm } from '../nn/index.js';
import type { Tensor } from '../tensor/index.js';
import type { DecoderOptions } from './decoder-options.js';
import { EventQueue } from './event-queue.js';
import type {
  Completion,
  FinishReason,
  GeneratedToken,
  GenerateOptions,
  RequestOptions,
  SamplesOptions,
} from './options.js';

/** The modules of a GPT. */
export interface DecoderModules {
  embedding: Embedding;
  blocks: readonly DecoderBlock[];
  /** The final norm of the pre-norm form. */
  finalNorm?: LayerNorm;
  /** (vocabSize, width) */
  outputWeight: Tensor;
}

/**
 * Generates with a model's modules, any number of texts at once. Requests join and leave between two steps; a step takes
 * the next token of every text that runs and a part of the prompts that are not through yet, sampling included, and takes
 * turns with whatever else is queued on the engine: training steps, reads. Of finished texts keys and values are kept
 * while there is room: a prompt that begins as an earlier one did, such as a chat's next turn, is computed from where they
 * part. Dropout is off.
 *
 * A weight that changes while a text is generated counts from its next token on. The numbers computed with are those of
 * `DecoderOptions.weights`, `autocast` or not.
 */
export class Decoder {
  readonly #handle: DecoderHandle;

  /** @throws ArgumentError for modules that make no GPT, or an option out of its range */
  constructor({ embedding, blocks, finalNorm, outputWeight }: DecoderModules, options: DecoderOptions = {}) {
    const norm = finalNorm?.moduleHandle ?? null;
    const handles = blocks.map((block) => block.moduleHandle);
    const { weights = 'float32', cacheTokens, maxRunning = 64, maxWaiting = 1024, stepTokens = 256 } = options;
    const { batchInvariant = false, kernels, capture = true } = options;
    const settings = [
      weights,
      cacheTokens,
      maxRunning,
      maxWaiting,
      stepTokens,
      batchInvariant,
      kernels,
      capture,
    ] as const;
    this.#handle = addon.createDecoder(embedding.moduleHandle, handles, norm, outputWeight.handle, ...settings);
  }

  /**
   * Tokens of all continuations as they are made; those of one continuation are in order. The return value says why
   * each ended. Leaving the loop, or aborting, frees the generation's place before its next step.
   * @throws ArgumentError for an empty prompt, one longer than the context, a token outside the vocabulary, a wrong option
   * @throws DecoderFullError where too many requests are unfinished
   * @throws DecoderTimeoutError after `waitTimeout`, or `timeout` before the first step
   */
  async *stream(prompt: readonly number[], options: SamplesOptions): AsyncGenerator<GeneratedToken, FinishReason[]> {
    const { signal, n = 1, onBegin, isLast } = options;
    if (signal?.aborted) return Array<FinishReason>(n).fill('aborted');
    const events = new EventQueue<GenerationEvent>();
    const listener = events.push.bind(events);
    const request = addon.startGeneration(this.#handle, listener, prompt, ...generationArguments(options));
    const cancel = () => addon.cancelRequest(request);
    signal?.addEventListener('abort', cancel);
    const reasons = new Map<number, FinishReason>();
    try {
      while (reasons.size < n) {
        for (const event of await events.take()) {
          // An end leaves out tokens that are on their way, an abort even the last ones.
          if ('cachedTokens' in event) onBegin?.(event);
          else if (reasons.has(event.sample)) continue;
          else if ('finishReason' in event) reasons.set(event.sample, signal?.aborted ? 'aborted' : event.finishReason);
          else if (!signal?.aborted) {
            yield event;
            if (!isLast?.(event)) continue;
            reasons.set(event.sample, 'stop');
            addon.cancelRequest(request, event.sample);
          }
        }
      }
      return Array.from({ length: n }, (_, sample) => reasons.get(sample) ?? 'aborted');
    } finally {
      signal?.removeEventListener('abort', cancel);
      cancel();
    }
  }

  /** Token ids as they are made. The return value says why the text ended. @throws as `stream` */
  async *generate(prompt: readonly number[], options: GenerateOptions): AsyncGenerator<number, FinishReason> {
    const stream = this.stream(prompt, { ...options, n: 1 });
    try {
      while (true) {
        const next = await stream.next();
        if (next.done) return next.value[0] ?? 'aborted';
        yield next.value.token;
      }
    } finally {
      await stream.return([]);
    }
  }

  /** Generates to the end. @throws as `stream` */
  async complete(prompt: readonly number[], options: GenerateOptions): Promise<Completion> {
    const [completion] = await this.completions(prompt, { ...options, n: 1 });
    if (!completion) throw new Error('a generation ended without a completion');
    return completion;
  }

  /** Generates `n` continuations to the end. @throws as `stream` */
  async completions(prompt: readonly number[], options: SamplesOptions): Promise<Completion[]> {
    const { n = 1, logProbs = false, topLogProbs = 0 } = options;
    const made = Array.from({ length: n }, (): GeneratedToken[] => []);
    const stream = this.stream(prompt, options);
    while (true) {
      const next = await stream.next();
      if (!next.done) {
        made[next.value.sample]?.push(next.value);
        continue;
      }
      return made.map((tokens, sample) => ({
        tokens: tokens.map(({ token }) => token),
        ...(logProbs && { logProbs: tokens.map(({ logProb = Number.NaN }) => logProb) }),
        ...(topLogProbs > 0 && { topLogProbs: tokens.map(({ topLogProbs = [] }) => topLogProbs) }),
        finishReason: next.value[sample] ?? 'aborted',
      }));
    }
  }

  /**
   * The last token's hidden state, after the final norm where there is one: (width) numbers. It takes its turn as a
   * generation does.
   * @throws as `stream`; the signal's reason where it is aborted; DecoderTimeoutError after `timeout`
   */
  async embed(tokens: readonly number[], { signal, ...options }: RequestOptions = {}): Promise<Float32Array> {
    signal?.throwIfAborted();
    const events = new EventQueue<EmbeddingEvent>();
    const listener = events.push.bind(events);
    const request = addon.startEmbedding(this.#handle, listener, tokens, ...requestArguments(options));
    const cancel = () => addon.cancelRequest(request);
    signal?.addEventListener('abort', cancel);
    try {
      const [event] = await events.take();
      signal?.throwIfAborted();
      if (event && 'hidden' in event) return new Float32Array(event.hidden);
      throw new Error('an embedding ended without a result');
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** What the decoder does now and has done, as of its last step. */
  stats(): DecoderStats {
    return addon.decoderStats(this.#handle);
  }

  /** Ends unfinished requests with `DisposedError` and frees the cache. */
  dispose(): void {
    addon.disposeDecoder(this.#handle);
  }
}

function generationArguments(options: SamplesOptions) {
  const { maxNewTokens, stop = [], seed = Math.floor(Math.random() * 2 ** 32), n = 1 } = options;
  const { logProbs = false, topLogProbs = 0, whenFull = 'stop', prefillChunk } = options;
  const { temperature = 1, topK, topP, minP, repetitionPenalty } = options;
  return [
    ...requestArguments(options),
    ...([maxNewTokens, stop, seed, n, logProbs, topLogProbs, whenFull === 'slide', prefillChunk] as const),
    ...([temperature, topK, topP, minP, repetitionPenalty] as const),
  ] as const;
}

function requestArguments({ client = '', timeout, waitTimeout }: RequestOptions) {
  return [client, timeout, waitTimeout] as const;
}
