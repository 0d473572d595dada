import { ArgumentError } from '../errors.js';
import type { Tokenizer } from './tokenizer.js';

/** What frames the sequences of a task (Radford et al. 2018, 3.3), as the vocabulary spells it. */
export const TASK_TOKENS = { start: '<|start|>', delimiter: '<|delimiter|>', extract: '<|extract|>' } as const;

/** A tokenizer and the ids of what the input of a task is framed with. */
export interface TaskTokens {
  /** The tokenizer given, where it has all three. Its `vocabSize` is the rows that the embedding needs. */
  tokenizer: Tokenizer;
  /** Token ids. */
  start: number;
  delimiter: number;
  extract: number;
}

/**
 * A tokenizer with the start, delimiter and extract tokens. Those that are missing get the ids after the last one,
 * those that are there keep theirs; see `growVocabulary` for the model.
 * @throws ArgumentError when one is missing and the tokenizer takes no further tokens.
 */
export function addTaskTokens(tokenizer: Tokenizer): TaskTokens {
  const names = Object.values(TASK_TOKENS);
  const missing = names.filter((name) => tokenizer.tokenId(name) === undefined);
  let extended = tokenizer;
  if (missing.length > 0) {
    if (tokenizer.withSpecialTokens === undefined) {
      throw new ArgumentError(`the tokenizer has no ${missing.join(', ')} and no withSpecialTokens to add them`);
    }
    extended = tokenizer.withSpecialTokens(missing);
  }
  const idOf = (name: string) => {
    const id = extended.tokenId(name);
    if (id === undefined) throw new ArgumentError(`the tokenizer has no ${name} after withSpecialTokens added it`);
    return id;
  };
  return {
    tokenizer: extended,
    start: idOf(TASK_TOKENS.start),
    delimiter: idOf(TASK_TOKENS.delimiter),
    extract: idOf(TASK_TOKENS.extract),
  };
}
