import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.js';

/** @throws InputError when the directory has a tokenizer that would be overwritten. */
export function checkNoTokenizer(out: string): void {
  if (existsSync(join(out, 'tokenizer.json'))) throw new InputError(`${out}: already holds a tokenizer`);
}
