import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { InputError } from '../errors.js';

export interface InputLine {
  /** `FILE:LINE`, for messages. */
  where: string;
  value: unknown;
}

/**
 * The JSON values of a file, or of stdin for `-`, one a line; empty lines are passed over.
 * @throws InputError naming file and line.
 */
export async function* readJsonLines(path: string): AsyncGenerator<InputLine> {
  const name = path === '-' ? 'stdin' : path;
  const input = path === '-' ? process.stdin : await openForReading(path);
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === '') continue;
    yield { where: `${name}:${number}`, value: parse(line, `${name}:${number}`) };
  }
}

async function openForReading(path: string): Promise<NodeJS.ReadableStream> {
  try {
    return (await open(path)).createReadStream({ encoding: 'utf8' });
  } catch (cause) {
    throw new InputError(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parse(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new InputError(`${where}: not JSON: ${line.slice(0, 60)}`, { cause });
  }
}
