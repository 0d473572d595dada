import type { Tokenizer } from '../data/index.js';
import { TextStream } from '../generate/index.js';
import type { GPT } from '../model/index.js';
import { ChatHistory } from './chat-history.js';

/** How answers are made. */
export interface ReplyOptions {
  maxNewTokens: number;
  /** 0 takes the most likely token each time. */
  temperature: number;
  topK?: number;
  topP?: number;
  seed?: number;
}

/** As the chat recipe answers. */
export const GREEDY: ReplyOptions = { maxNewTokens: 100, temperature: 0 };

/** A dialogue with a model trained on dialogues. What the model says becomes part of the history, as what it hears. */
export class ChatSession {
  readonly #history: ChatHistory;

  constructor(
    readonly model: GPT,
    readonly tokenizer: Tokenizer,
    separator: number,
    readonly options: ReplyOptions,
  ) {
    // An answer keeps at least half of the context free for what it answers.
    const reserved = Math.min(options.maxNewTokens, Math.floor(model.config.contextLength / 2));
    this.#history = new ChatHistory(separator, model.config.contextLength - reserved);
  }

  /** The answer, in pieces of whole characters as they are made. An aborted one stays in the history as far as it got. */
  async *reply(text: string, signal?: AbortSignal): AsyncGenerator<string> {
    this.#history.add(this.tokenizer.encode(text));
    const prompt = this.#history.prompt();
    const maxNewTokens = Math.min(this.options.maxNewTokens, this.model.config.contextLength - prompt.length);
    const stream = new TextStream((tokens) => this.tokenizer.decode(tokens));
    const answer: number[] = [];
    try {
      const stop = [this.#history.separator];
      for await (const token of this.model.generate(prompt, { ...this.options, maxNewTokens, stop, signal })) {
        answer.push(token);
        const piece = stream.push(token);
        if (piece !== '') yield piece;
      }
      const rest = stream.end();
      if (rest !== '') yield rest;
    } finally {
      this.#history.add(answer);
    }
  }

  /** Forgets the dialogue so far. */
  reset(): void {
    this.#history.clear();
  }
}
