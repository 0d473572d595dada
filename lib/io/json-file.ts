import { readFile } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { checkJsonKeys } from './json-keys.js';

/**
 * The value of a JSON file that a person or another program wrote.
 * @param options `name`: what errors call the file, default its path; `hint`: what a person may ask themselves where there
 *   is no such file
 * @throws InputError when it cannot be read, is no JSON, or has a key twice
 */
export async function readJsonFile(path: string, { name = path, hint = '' } = {}): Promise<unknown> {
  const read = await readFile(path, 'utf8').catch((cause) => {
    throw new InputError(`${name}: cannot be read (${cause.code ?? cause.message})${hint}`, { cause });
  });
  const text = read.replace(/^\uFEFF/, ''); // a byte order mark, as Windows' editors write it
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${name}: not JSON: ${(cause as Error).message.split('\n', 1)[0]}`, { cause });
  }
  checkJsonKeys(text, name);
  return json;
}
