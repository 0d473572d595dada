import { InputError } from '../../errors.js';
import { CHAT_SPECIAL_TOKENS } from '../char-tokenizer.js';

/** A dialogue, and where it stands. */
export interface Dialogue {
  /** In turns; none is empty. Two or more. */
  utterances: string[];
  /** `FILE:LINE`, for messages. */
  where: string;
}

/** A dialogue as a file has it, before anyone has looked at it. */
export interface FoundDialogue extends Dialogue {
  /** Where one of its utterances stands. */
  whereOf(index: number): string;
}

/**
 * @param options `dropSpaces`: white space inside utterances goes; files that put a space between any two characters have
 *   words no longer. Around an utterance it goes always.
 * @throws InputError naming the place: less than two utterances, an empty one, a special token in one.
 */
export function checkDialogue(found: FoundDialogue, { dropSpaces = false }: { dropSpaces?: boolean } = {}): Dialogue {
  const { where, whereOf } = found;
  const utterances = found.utterances.map((raw) => (dropSpaces ? raw.replace(/\s+/g, '') : raw.trim()));
  if (utterances.length < 2) {
    const many = utterances.length === 1 ? 'one utterance' : 'no utterance';
    throw new InputError(`${where}: a dialogue of ${many}; two or more are needed`);
  }
  for (const [index, utterance] of utterances.entries()) {
    if (utterance === '') throw new InputError(`${whereOf(index)}: the utterance is empty`);
    const token = CHAT_SPECIAL_TOKENS.find((special) => utterance.includes(special));
    if (token !== undefined)
      throw new InputError(`${whereOf(index)}: the utterance has ${token}, which is a special token`);
  }
  return { utterances, where };
}
