import { encodePieces } from '../data/encode-pieces.js';
import { CharTokenizer } from '../data/index.js';
import { ArgumentError, InputError } from '../errors.js';
import { ApiError, badRequest } from './api-error.js';
import { ownTurn } from './own-turn.js';
import type { ServedModel } from './served-model.js';

/** Characters that are encoded in one go: about a millisecond. */
const PIECE = 4096;
/** A text with more characters a token of the context than this is taken for too long without being encoded. */
const CHARACTERS_A_TOKEN = 16;
/** Merging the pieces of a word takes time that grows with the square of its length. */
const LONGEST_WORD = 2000;
const words = /\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+/gu;

/**
 * A text's tokens. Others have their turn between many texts, and between the pieces that a long one is encoded in.
 * @throws ApiError 400 for a model without tokenizer, a text that cannot be encoded or is longer than the context
 */
export async function encodeText(served: ServedModel, text: string, param: string): Promise<number[]> {
  const { tokenizer, gpt } = served;
  const { contextLength } = gpt.config;
  if (tokenizer === undefined) {
    throw badRequest(`model ${served.name} has no tokenizer; give token ids`, param, 'no_tokenizer');
  }
  checkText(served, text, param);
  await ownTurn();
  try {
    if (text.length <= PIECE) return tokenizer.encode(text);
    const tokens: number[] = [];
    for await (const ids of encodePieces(tokenizer, [text], PIECE)) {
      for (let i = 0; i < ids.length; i++) tokens.push(ids[i] ?? 0);
      if (tokens.length > contextLength) throw tooLong(contextLength, `more than ${contextLength} tokens`, param);
    }
    return tokens;
  } catch (error) {
    if (error instanceof InputError || error instanceof ArgumentError) throw badRequest(error.message, param);
    throw error;
  }
}

/**
 * Refuses a text that would take long to encode.
 * @throws ApiError 400
 */
export function checkText({ tokenizer, gpt }: ServedModel, text: string, param: string): void {
  const { contextLength } = gpt.config;
  const most = Math.max(LONGEST_WORD, contextLength * CHARACTERS_A_TOKEN);
  if (text.length > most) throw tooLong(contextLength, `${text.length} characters`, param);
  if (text.length <= LONGEST_WORD || tokenizer instanceof CharTokenizer) return;
  for (const [word] of text.matchAll(words)) {
    if (word.length <= LONGEST_WORD) continue;
    throw badRequest(`a word has ${word.length} characters; allowed: ${LONGEST_WORD}`, param, 'word_too_long');
  }
}

/**
 * Token ids as a request gives them.
 * @throws ApiError 400 for none, too many, or one that is outside the vocabulary
 */
export function checkPrompt(served: ServedModel, tokens: readonly number[], param: string): void {
  const { contextLength, vocabSize } = served.gpt.config;
  if (tokens.length === 0) throw badRequest('the model needs at least one token', param, 'empty_input');
  if (tokens.length > contextLength) throw tooLong(contextLength, `${tokens.length} tokens`, param);
  const wrong = tokens.find((token) => token >= vocabSize);
  if (wrong === undefined) return;
  throw badRequest(`token ${wrong} is outside the vocabulary; allowed: 0 to ${vocabSize - 1}`, param);
}

function tooLong(contextLength: number, what: string, param: string): ApiError {
  const message = `this model's context has ${contextLength} tokens; the input has ${what}`;
  return new ApiError(400, message, { param, code: 'context_length_exceeded' });
}

/** One text, several, one list of token ids, or several: what `prompt` and `input` may be. */
export type TextOrTokens = string | readonly string[] | readonly number[] | readonly (readonly number[])[];

/** Whether a value is one of a few forms of input, by one pass without a schema: lists may be long. */
export function isTextOrTokens(value: unknown): value is TextOrTokens {
  if (typeof value === 'string') return true;
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((item) => typeof item === 'string') || isTokens(value) || value.every(isTokens);
}

function isTokens(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/**
 * Every input as tokens, with its text where it was one.
 * @param most inputs allowed
 * @throws ApiError 400 as `encodeText` and `checkPrompt`
 */
export async function encodeInputs(
  served: ServedModel,
  input: TextOrTokens,
  { param, most }: { param: string; most: number },
): Promise<{ text: string | undefined; tokens: readonly number[] }[]> {
  const isOne = typeof input === 'string' || typeof input[0] === 'number';
  const all = (isOne ? [input] : input) as readonly (string | readonly number[])[];
  if (all.length > most) throw badRequest(`${all.length} inputs; allowed: up to ${most}`, param, 'too_many_inputs');
  const encoded: { text: string | undefined; tokens: readonly number[] }[] = [];
  for (const [i, each] of all.entries()) {
    const where = isOne ? param : `${param}[${i}]`;
    const text = typeof each === 'string' ? each : undefined;
    const tokens = typeof each === 'string' ? await encodeText(served, each, where) : each;
    checkPrompt(served, tokens, where);
    encoded.push({ text, tokens });
  }
  return encoded;
}
