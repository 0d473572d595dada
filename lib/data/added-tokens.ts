import { ArgumentError } from '../errors.js';

/** An entry of `added_tokens` in `tokenizer.json`. */
export interface AddedToken {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

/** A token that no text is split into or around otherwise than where it is written out. */
export function specialToken(content: string, id: number): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** @throws ArgumentError when `token` has white space or is shorter than two characters. */
export function checkSpecialToken(token: string): void {
  if ([...token].length >= 2 && !/\s/.test(token)) return;
  const allowed = 'two characters or more without white space';
  throw new ArgumentError(`special token ${JSON.stringify(token)}; allowed: ${allowed}`);
}
