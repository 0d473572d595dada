import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { parseOrThrow } from '../validate.js';
import { CharTokenizer } from './char-tokenizer.js';
import { readCharVocabulary } from './char-tokenizer-json.js';
import { readJson, readJsonIfThere } from './read-json.js';
import { SubwordTokenizer } from './subword-tokenizer.js';
import type { Tokenizer } from './tokenizer.js';
import { readVocabAndMerges } from './vocab-merges.js';

/**
 * Opens the tokenizer of a model directory: one that gptorch saved, any `tokenizer.json` that Hugging Face's tokenizers
 * write, or GPT-1's and GPT-2's `vocab.json` and `merges.txt` where there is no `tokenizer.json`.
 * @param path the directory, or the `tokenizer.json` itself.
 * @throws InputError when a file is missing or damaged, or the tokenizer is of a kind that gptorch cannot do.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const dir = path.endsWith('.json') ? dirname(path) : path;
  const file = path.endsWith('.json') ? path : join(path, 'tokenizer.json');
  const config = await readConfig(join(dir, 'tokenizer_config.json'));
  if (!existsSync(file) && existsSync(join(dir, 'merges.txt'))) {
    return new SubwordTokenizer(await readVocabAndMerges(dir), config, dir);
  }
  const json = await readJson(file);
  const characters = readCharVocabulary(json);
  if (characters !== undefined) return new CharTokenizer(characters.characters, characters);
  return new SubwordTokenizer(json, config, file);
}

/** Whether a directory has a tokenizer that `loadTokenizer` looks for. */
export function hasTokenizer(dir: string): boolean {
  return ['tokenizer.json', 'merges.txt'].some((file) => existsSync(join(dir, file)));
}

async function readConfig(file: string): Promise<object | undefined> {
  const json = await readJsonIfThere(file);
  return json === undefined ? undefined : parseOrThrow(z.looseObject({}), json, file);
}
