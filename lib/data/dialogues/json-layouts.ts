import { z } from 'zod';
import { InputError } from '../../errors.js';
import { checkJsonKeys } from '../../io/json-keys.js';
import { parseOrThrow } from '../../validate.js';
import { parseJsonLine } from '../json-lines.js';
import type { FoundDialogue } from './dialogue.js';

const SHAPES = 'an array of texts, {"dialog": […]} or {"messages": [{"role", "content"}, …]}';

const TextsSchema = z.array(z.string());
const DialogSchema = z.object({ dialog: TextsSchema });
const ROLES = ['user', 'assistant'] as const;
const MessagesSchema = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string() })).superRefine((messages, context) => {
    const wrong = messages.findIndex(({ role }, index) => role !== ROLES[index % 2]);
    if (wrong < 0) return;
    const message = `${JSON.stringify(ROLES[wrong % 2])}: user and assistant take turns, the user begins`;
    context.addIssue({ code: 'custom', path: [wrong, 'role'], message });
  }),
});

/** An array of dialogues, as LCCC's own files are. @throws InputError naming file, line and field */
export function* findInJson(text: string, file: string): Generator<FoundDialogue> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${file}: not JSON: ${(cause as Error).message.split('\n', 1)[0]}`, { cause });
  }
  checkJsonKeys(text, file);
  if (!Array.isArray(value)) throw new InputError(`${file}: expected an array of dialogues, each ${SHAPES}`);
  const lines = elementLines(text);
  for (const [index, dialogue] of value.entries()) yield readShape(dialogue, `${file}:${lines[index]}`);
}

/** A dialogue a line. @throws InputError naming file, line and field */
export function* findInJsonLines(text: string, file: string): Generator<FoundDialogue> {
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${file}:${index + 1}`;
    if (line.trim() !== '') yield readShape(parseJsonLine(line, where), where);
  }
}

function readShape(value: unknown, where: string): FoundDialogue {
  const field = (path: string) => `${where}: field ${JSON.stringify(path)}`;
  if (Array.isArray(value)) {
    return { utterances: parseOrThrow(TextsSchema, value, where), where, whereOf: (index) => field(`${index}`) };
  }
  if (isObject(value) && 'dialog' in value) {
    const { dialog } = parseOrThrow(DialogSchema, value, where);
    return { utterances: dialog, where, whereOf: (index) => field(`dialog.${index}`) };
  }
  if (isObject(value) && 'messages' in value) {
    const { messages } = parseOrThrow(MessagesSchema, value, where);
    const utterances = messages.map(({ content }) => content);
    return { utterances, where, whereOf: (index) => field(`messages.${index}.content`) };
  }
  throw new InputError(`${where}: is ${JSON.stringify(value).slice(0, 60)}; allowed: ${SHAPES}`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** On which line each element of the outermost array begins. `json` is valid and an array. */
function elementLines(json: string): number[] {
  const lines: number[] = [];
  let line = 1;
  let depth = 0;
  let isBetween = false;
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|\n|[{}[\],]|[^\s"{}[\],]+/g)) {
    if (token === '\n') {
      line++;
      continue;
    }
    if (isBetween && token !== ']') lines.push(line);
    isBetween = false;
    if (token === ']' || token === '}') depth--;
    if (token === '[' || token === '{') isBetween = ++depth === 1;
    if (token === ',') isBetween = depth === 1;
  }
  return lines;
}
