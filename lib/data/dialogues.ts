import { InputError } from '../errors.js';
import { CHAT_SPECIAL_TOKENS } from './char-tokenizer.js';
import { readText } from './read-text.js';

/** A dialogue, and where it stands. */
export interface Dialogue {
  /** In turns; none is empty. Two or more. */
  utterances: string[];
  file: string;
  /** Of the first utterance, from 1. */
  line: number;
}

/**
 * Reads the chat recipe's format: one utterance a line, blank lines between dialogues. White space around an utterance
 * does not count; the last dialogue needs no blank line after it.
 * @throws InputError as `parseDialogues` and `readText`.
 */
export async function readDialogues(files: readonly string[]): Promise<Dialogue[]> {
  const dialogues: Dialogue[] = [];
  for (const file of files) dialogues.push(...parseDialogues(await readText(file), file));
  return dialogues;
}

/**
 * @param file its name, for errors.
 * @throws InputError naming file and line: a dialogue of one utterance, a special token in an utterance, no dialogue.
 */
export function parseDialogues(text: string, file: string): Dialogue[] {
  const dialogues: Dialogue[] = [];
  let current: Dialogue | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const utterance = raw.trim();
    const line = index + 1;
    if (utterance === '') {
      current = undefined;
      continue;
    }
    checkUtterance(utterance, `${file}:${line}`);
    if (current === undefined) {
      current = { utterances: [], file, line };
      dialogues.push(current);
    }
    current.utterances.push(utterance);
  }
  if (dialogues.length === 0) throw new InputError(`${file}: has no dialogue`);
  const short = dialogues.find(({ utterances }) => utterances.length < 2);
  if (short !== undefined) {
    throw new InputError(`${file}:${short.line}: a dialogue of one utterance; two or more are needed`);
  }
  return dialogues;
}

function checkUtterance(utterance: string, where: string): void {
  const token = CHAT_SPECIAL_TOKENS.find((special) => utterance.includes(special));
  if (token !== undefined) throw new InputError(`${where}: the utterance has ${token}, which is a special token`);
}
