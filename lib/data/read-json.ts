import { InputError } from '../errors.js';
import { readText } from './read-text.js';

/** @throws InputError when the file cannot be read as text or is no JSON. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${file}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** The same; undefined when there is no such file. */
export async function readJsonIfThere(file: string): Promise<unknown> {
  try {
    return await readJson(file);
  } catch (error) {
    if (error instanceof InputError && (error.cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
