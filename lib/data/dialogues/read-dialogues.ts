import { InputError } from '../../errors.js';
import { readText } from '../read-text.js';
import { checkDialogue, type Dialogue, type FoundDialogue } from './dialogue.js';
import { findInJson, findInJsonLines } from './json-layouts.js';
import { type DialogueLayout, layoutOf } from './layout.js';
import { findInLines, findInTabs } from './text-layouts.js';

/** How files of dialogues are read. */
export interface ReadDialoguesOptions {
  /** Default: for each file what its name says, or its text shows. */
  layout?: DialogueLayout | undefined;
  /** White space inside utterances goes too: for files, such as LCCC's own, that have a space after each character. */
  dropSpaces?: boolean | undefined;
}

const FINDERS: Readonly<Record<DialogueLayout, (text: string, file: string) => Generator<FoundDialogue>>> = {
  lines: findInLines,
  tabs: findInTabs,
  json: findInJson,
  jsonl: findInJsonLines,
};

/**
 * Reads dialogues: one utterance a line and blank lines between dialogues; one dialogue a line with tabs between
 * utterances; or JSON, each dialogue an array of texts, `{"dialog": […]}` or `{"messages": [{"role", "content"}, …]}`.
 * @throws InputError as `parseDialogues` and `readText`.
 */
export async function readDialogues(files: readonly string[], options: ReadDialoguesOptions = {}): Promise<Dialogue[]> {
  const dialogues: Dialogue[] = [];
  for (const file of files)
    for (const each of parseDialogues(await readText(file), file, options)) dialogues.push(each);
  return dialogues;
}

/**
 * @param file its name, for errors and for what it says of the layout.
 * @throws InputError naming file, line and field: a dialogue of one utterance, an empty utterance, a special token in one,
 *   what is no dialogue; no dialogue at all; a layout that cannot be told.
 */
export function parseDialogues(text: string, file: string, options: ReadDialoguesOptions = {}): Dialogue[] {
  const { layout = layoutOf(file, text), dropSpaces = false } = options;
  const dialogues = Array.from(FINDERS[layout](text, file), (found) => checkDialogue(found, { dropSpaces }));
  if (dialogues.length === 0) throw new InputError(`${file}: has no dialogue`);
  return dialogues;
}
