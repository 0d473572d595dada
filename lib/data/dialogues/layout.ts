import { InputError } from '../../errors.js';

/**
 * How a file writes dialogues down: `lines`: one utterance a line, blank lines between dialogues; `tabs`: one dialogue a
 * line, tabs between utterances; `json`: an array of dialogues; `jsonl`: a dialogue a line as JSON.
 */
export const DIALOGUE_LAYOUTS = ['lines', 'tabs', 'json', 'jsonl'] as const;
/** One of `DIALOGUE_LAYOUTS`. */
export type DialogueLayout = (typeof DIALOGUE_LAYOUTS)[number];

const LAYOUT_OF_NAME: readonly [RegExp, DialogueLayout][] = [
  [/\.json$/i, 'json'],
  [/\.(jsonl|ndjson)$/i, 'jsonl'],
  [/\.tsv$/i, 'tabs'],
];

/**
 * The layout that a file's name says or, where the name says nothing, its text shows: JSON begins as JSON does; lines that
 * have tabs inside are dialogues, all of them.
 * @throws InputError when some lines have tabs inside and others have none: only a person can tell what that is
 */
export function layoutOf(file: string, text: string): DialogueLayout {
  const named = LAYOUT_OF_NAME.find(([name]) => name.test(file));
  if (named !== undefined) return named[1];
  if (/^\s*(\[\s*["[{]|\{\s*")/.test(text)) return isJson(text.trimStart().split('\n', 1)[0] ?? '') ? 'jsonl' : 'json';
  return hasTabs(file, text) ? 'tabs' : 'lines';
}

function hasTabs(file: string, text: string): boolean {
  const lines = text.split('\n').map((line) => line.trim());
  const withTab = lines.findIndex((line) => line.includes('\t'));
  if (withTab < 0) return false;
  const without = lines.findIndex((line) => line !== '' && !line.includes('\t'));
  if (without < 0) return true;
  const told = `line ${withTab + 1} has a tab inside, line ${without + 1} has none`;
  throw new InputError(`${file}: ${told}; say what it is: the layout "tabs" (a dialogue a line) or "lines"`);
}

/** Whether a first line is whole: a file of one line is an array of dialogues, and both readings of one dialogue. */
function isJson(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return !(Array.isArray(value) && value.every((each) => typeof each === 'object'));
  } catch {
    return false;
  }
}
