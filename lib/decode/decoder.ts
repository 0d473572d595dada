import { addon, type DecoderHandle, type GenerationEvent } from '../addon/index.js';
import type { DecoderBlock, Embedding, LayerNorm } from '../nn/index.js';
import type { Tensor } from '../tensor/index.js';
import { EventQueue } from './event-queue.js';
import type { Completion, FinishReason, GeneratedToken, GenerateOptions, SamplesOptions } from './options.js';

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
 * Generates with a model's modules. One call hands a generation to the engine, which runs it token by token, sampling
 * included, and takes turns between two tokens with whatever else is queued: other generations, training steps, reads.
 * The key-value cache is kept from one generation to the next. Dropout is off.
 *
 * A weight that changes while a generation runs counts from its next token on. A generation begun under `autocast`
 * computes with mixed precision.
 */
export class Decoder {
  readonly #handle: DecoderHandle;

  constructor({ embedding, blocks, finalNorm, outputWeight }: DecoderModules) {
    const norm = finalNorm?.moduleHandle ?? null;
    const handles = blocks.map((block) => block.moduleHandle);
    this.#handle = addon.createDecoder(embedding.moduleHandle, handles, norm, outputWeight.handle);
  }

  /**
   * Tokens of all continuations as they are made; those of one continuation are in order. The return value says why
   * each ended. Leaving the loop, or aborting, frees the generation's place before its next step.
   * @throws ArgumentError for an empty prompt, one longer than the context, a token outside the vocabulary, a wrong option
   */
  async *stream(prompt: readonly number[], options: SamplesOptions): AsyncGenerator<GeneratedToken, FinishReason[]> {
    const { signal, n = 1 } = options;
    const events = new EventQueue<GenerationEvent>();
    const listener = events.push.bind(events);
    const generation = addon.startGeneration(this.#handle, listener, prompt, ...optionArguments(options));
    const cancel = () => addon.cancelGeneration(generation);
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel);
    const reasons = new Map<number, FinishReason>();
    try {
      while (reasons.size < n) {
        for (const event of await events.take()) {
          if ('finishReason' in event) reasons.set(event.sample, event.finishReason);
          else if (!signal?.aborted) yield event;
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
    const { n = 1, logProbs = false } = options;
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
        finishReason: next.value[sample] ?? 'aborted',
      }));
    }
  }

  /** Frees the cache. */
  dispose(): void {
    addon.disposeDecoder(this.#handle);
  }
}

function optionArguments(options: SamplesOptions) {
  const { maxNewTokens, stop = [], seed = Math.floor(Math.random() * 2 ** 32), n = 1, logProbs = false } = options;
  const { whenFull = 'stop', prefillChunk = 256, temperature = 1, topK, topP, minP, repetitionPenalty } = options;
  const sampling = [temperature, topK, topP, minP, repetitionPenalty] as const;
  return [maxNewTokens, stop, seed, n, logProbs, whenFull === 'slide', prefillChunk, ...sampling] as const;
}
