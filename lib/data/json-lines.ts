import { InputError } from '../errors.js';
import { checkJsonKeys } from '../io/json-keys.js';
import { decodeChunks, readTextChunks } from './read-text.js';

/** The value of a line, and where it stands. */
export interface JsonLine {
  /** `FILE:LINE`, for messages. */
  where: string;
  value: unknown;
}

/** Longer lines are no data of one example but a mistake, such as a file of another kind. */
const LONGEST_LINE = 1 << 20;

/**
 * The JSON values of a file, or of stdin for `-`, one a line; empty lines are passed over. A byte order mark and the line
 * ends of Windows are no part of a value.
 * @throws InputError naming file and line: not JSON, not UTF-8, a key twice in an object, longer than a mebibyte.
 */
export async function* readJsonLines(path: string): AsyncGenerator<JsonLine, void, undefined> {
  const name = path === '-' ? 'stdin' : path;
  const chunks = path === '-' ? decodeChunks(process.stdin, name) : readTextChunks(path);
  for await (const { line, number } of lines(chunks, name)) {
    if (line.trim() === '') continue;
    const where = `${name}:${number}`;
    yield { where, value: parseJsonLine(line, where) };
  }
}

async function* lines(chunks: AsyncIterable<string>, name: string): AsyncGenerator<{ line: string; number: number }> {
  let number = 1;
  let rest = '';
  const check = (line: string) => {
    if (line.length > LONGEST_LINE) throw new InputError(`${name}:${number}: longer than ${LONGEST_LINE} characters`);
  };
  for await (const chunk of chunks) {
    const pieces = (rest + chunk).split('\n');
    rest = pieces.pop() ?? '';
    for (const line of pieces) {
      check(line);
      yield { line, number: number++ };
    }
    check(rest);
  }
  if (rest !== '') yield { line: rest, number };
}

/** The value of one line. @throws InputError naming the place: not JSON, a key twice in an object */
export function parseJsonLine(line: string, where: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new InputError(`${where}: not JSON: ${line.trim().slice(0, 60)}`, { cause });
  }
  checkJsonKeys(line, where);
  return value;
}
