import { join } from 'node:path';
import { InputError } from '../errors.js';
import { BpeTokenizer } from './bpe-tokenizer.js';
import { CharTokenizer } from './char-tokenizer.js';
import { readCharVocabulary } from './char-tokenizer-json.js';
import { readText } from './read-text.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Opens the tokenizer of a model directory: one that gptorch saved, or Hugging Face's for GPT-1 and GPT-2.
 * @param path the directory, or the `tokenizer.json` itself.
 * @throws InputError when the file is missing, damaged or of another kind than BPE.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const dir = path.endsWith('.json') ? join(path, '..') : path;
  const file = path.endsWith('.json') ? path : join(path, 'tokenizer.json');
  const json = await readJson(file);
  const characters = readCharVocabulary(json);
  if (characters !== undefined) return new CharTokenizer(characters.characters, characters);
  return new BpeTokenizer(json, await readConfig(join(dir, 'tokenizer_config.json')), file);
}

async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${file}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

async function readConfig(file: string): Promise<object | undefined> {
  try {
    const config = await readJson(file);
    return typeof config === 'object' && config !== null ? config : undefined;
  } catch (error) {
    if (error instanceof InputError && (error.cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
