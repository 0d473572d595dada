import { CharTokenizer, decodeKnown, encodePlain, type Tokenizer } from '../data/index.js';
import type { FinishReason } from '../decode/index.js';
import { ArgumentError } from '../errors.js';
import { TextStream } from '../generate/index.js';
import type { GPT } from '../model/index.js';
import type { SamplingOptions } from '../tensor/index.js';
import { ChatHistory } from './chat-history.js';

/** How answers are made. */
export interface ReplyOptions extends SamplingOptions {
  maxNewTokens: number;
  /** 0 takes the most likely token each time. */
  temperature: number;
  /** Of the first answer; the next one has the next number. Default: a random one each time. */
  seed?: number;
}

/** As the chat recipe answers. */
export const GREEDY: ReplyOptions = { maxNewTokens: 100, temperature: 0 };

/** A dialogue with a model trained on dialogues. What the model says becomes part of the history, as what it hears. */
export class ChatSession {
  readonly #history: ChatHistory;
  /** What a line end in a message is for the model. */
  readonly #lineEnd: string;
  #answers = 0;

  constructor(
    readonly model: GPT,
    readonly tokenizer: Tokenizer,
    separator: number,
    readonly options: ReplyOptions,
  ) {
    // An answer keeps at least half of the context free for what it answers.
    const reserved = Math.min(options.maxNewTokens, Math.floor(model.config.contextLength / 2));
    this.#history = new ChatHistory(separator, model.config.contextLength - reserved);
    // A turn was one line in training; in Chinese there may not even have been spaces.
    const has = (text: string) => !(tokenizer instanceof CharTokenizer) || tokenizer.tokenId(text) !== undefined;
    this.#lineEnd = ['\n', ' '].find(has) ?? '';
  }

  /**
   * The answer, in pieces of whole characters as they are made; the generator's return value says why it ended. An
   * aborted answer, or one that the caller does not read to its end, stays in the history as far as it got. After an
   * error the dialogue is as it was before.
   * @throws ArgumentError for a message without text
   */
  async *reply(text: string, signal?: AbortSignal): AsyncGenerator<string, FinishReason> {
    if (text.trim() === '') throw new ArgumentError('a message needs text');
    const turn = text.trim().replace(/\s*\n\s*/g, this.#lineEnd);
    this.#history.add(encodePlain(this.tokenizer, turn.replaceAll('<sep>', '')));
    const answer: number[] = [];
    let failed = false;
    try {
      return yield* this.#generate(answer, signal);
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      if (failed) this.#history.removeLast();
      else this.#history.add(answer);
    }
  }

  /** What is remembered, oldest turn first: a message, its answer, the next message, … */
  transcript(): string[] {
    return this.#history.entries().map((turn) => decodeKnown(this.tokenizer, turn));
  }

  /** Forgets the dialogue so far. */
  reset(): void {
    this.#history.clear();
  }

  /** Fills `answer` as it goes. */
  async *#generate(answer: number[], signal: AbortSignal | undefined): AsyncGenerator<string, FinishReason> {
    const { seed, ...options } = this.options;
    const prompt = this.#history.prompt();
    const maxNewTokens = Math.min(options.maxNewTokens, this.model.config.contextLength - prompt.length);
    const tokens = this.model.generate(prompt, {
      ...{ ...options, maxNewTokens, stop: [this.#history.separator], signal },
      ...(seed !== undefined && { seed: seed + this.#answers }),
    });
    this.#answers++;
    const stream = new TextStream((ids) => decodeKnown(this.tokenizer, ids));
    try {
      while (true) {
        const next = await tokens.next();
        if (next.done) {
          const rest = stream.end();
          if (rest !== '') yield rest;
          return next.value;
        }
        answer.push(next.value);
        const piece = stream.push(next.value);
        if (piece !== '') yield piece;
      }
    } finally {
      await tokens.return('aborted');
    }
  }
}
