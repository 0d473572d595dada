import type { Completion, FinishReason, GenerateOptions } from '../decode/index.js';
import { ArgumentError } from '../errors.js';
import type { GPT } from '../model/index.js';

/** As `model.generate`. */
export function generate(
  model: GPT,
  prompt: readonly number[],
  options: GenerateOptions,
): AsyncGenerator<number, FinishReason> {
  return model.generate(prompt, options);
}

/** As `model.complete`. */
export function complete(model: GPT, prompt: readonly number[], options: GenerateOptions): Promise<Completion> {
  return model.complete(prompt, options);
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
