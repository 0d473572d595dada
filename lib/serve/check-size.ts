import type { Question } from './answer.js';
import { badRequest } from './api-error.js';
import type { Service } from './service.js';

/**
 * To be called before anything is computed for the question.
 * @throws ApiError 400 for more than one request may ask for
 */
export function checkSize({ limits }: Service, { served, prompts, fields, maxNewTokens }: Question): void {
  const n = fields.n ?? 1;
  const choices = prompts.length * n;
  if (choices > limits.choices) {
    throw badRequest(`${choices} choices are asked for; allowed: up to ${limits.choices}`, 'n', 'too_many_choices');
  }
  const { contextLength } = served.gpt.config;
  const tokens = prompts.reduce((sum, { length }) => {
    return sum + length + n * Math.min(maxNewTokens, contextLength - length + 1);
  }, 0);
  if (tokens <= limits.requestTokens) return;
  const message = `up to ${tokens} tokens are asked for; allowed: ${limits.requestTokens} in one request`;
  throw badRequest(message, 'max_tokens', 'too_many_tokens');
}
