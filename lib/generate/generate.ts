import { ArgumentError } from '../errors.js';
import type { GPT } from '../model/index.js';
import type { KeyValueCache } from '../nn/index.js';
import { Generator, noGrad, sample, scope, tensor } from '../tensor/index.js';

export interface GenerateOptions {
  /** Most tokens to generate; fewer where the context ends. */
  maxNewTokens: number;
  /** Divides the logits; 0 is greedy. Default 1. */
  temperature?: number;
  /** Only the k most probable tokens. */
  topK?: number;
  /** Only the smallest set of tokens whose probability reaches p. */
  topP?: number;
  /** Token ids that end the text; they are not given out. */
  stop?: readonly number[];
  /** The same seed gives the same tokens. Default: a random one. */
  seed?: number;
  /** Ends the generation before its next token. */
  signal?: AbortSignal;
}

/** `stop`: a stop token came; `length`: maxNewTokens or the context length was reached; `aborted`: by the signal. */
export type FinishReason = 'stop' | 'length' | 'aborted';

/**
 * Generates token by token from a prompt. Dropout is off whatever the model's mode.
 * The generator's return value says why it ended.
 * @throws ArgumentError for an empty prompt, one that fills the context, or a token outside the vocabulary
 */
export async function* generate(
  model: GPT,
  prompt: readonly number[],
  options: GenerateOptions,
): AsyncGenerator<number, FinishReason> {
  const { maxNewTokens, temperature = 1, topK, topP, stop = [], signal } = options;
  const { contextLength } = model.config;
  checkTokens(model, prompt);
  if (prompt.length > contextLength) {
    throw new ArgumentError(`the prompt has ${prompt.length} tokens, the context length is ${contextLength}`);
  }
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    throw new ArgumentError(`maxNewTokens must be a whole number from 1, not ${maxNewTokens}`);
  }
  const generator = new Generator(options.seed ?? Math.floor(Math.random() * 2 ** 32));
  const capacity = Math.min(contextLength, prompt.length + maxNewTokens);
  const cache = model.makeCache({ capacity });
  try {
    let input = prompt;
    for (let made = 0; made < maxNewTokens; made++) {
      if (signal?.aborted) return 'aborted';
      if (cache.length + input.length > capacity) return 'length';
      const next = nextToken(model, input, cache, { temperature, topK, topP, generator });
      const token = await next.item();
      next.dispose();
      if (stop.includes(token)) return 'stop';
      yield token;
      input = [token];
    }
    return 'length';
  } finally {
    cache.dispose();
  }
}

/** Runs the model over new tokens and draws the next one: (1) int64. */
function nextToken(
  model: GPT,
  tokens: readonly number[],
  cache: KeyValueCache,
  options: { temperature: number; topK?: number; topP?: number; generator: Generator },
) {
  const wasTraining = model.training;
  model.eval();
  try {
    return noGrad(() =>
      scope(() => {
        const input = tensor([tokens], { dtype: 'int64', device: model.device }); // (1, T)
        const hidden = model.hidden(input, { cache }); // (1, T, width)
        const last = hidden.narrow(1, tokens.length - 1, 1).reshape(1, -1); // (1, width)
        return sample(last.matmul(model.outputWeight.transpose(0, 1)), options);
      }),
    );
  } finally {
    model.training = wasTraining;
  }
}

export interface Completion {
  tokens: number[];
  finishReason: FinishReason;
}

/** Generates to the end. */
export async function complete(model: GPT, prompt: readonly number[], options: GenerateOptions): Promise<Completion> {
  const tokens: number[] = [];
  const stream = generate(model, prompt, options);
  while (true) {
    const { value, done } = await stream.next();
    if (done) return { tokens, finishReason: value };
    tokens.push(value);
  }
}

/** @throws ArgumentError for no tokens, or one outside the vocabulary */
export function checkTokens(model: GPT, tokens: readonly number[]): void {
  if (tokens.length === 0) throw new ArgumentError('at least one token is needed');
  const { vocabSize } = model.config;
  const wrong = tokens.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= vocabSize);
  if (wrong >= 0) {
    throw new ArgumentError(`token ${tokens[wrong]} at position ${wrong} is outside the vocabulary of ${vocabSize}`);
  }
}
