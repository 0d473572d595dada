import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { isThere } from './model-cache.js';

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const SMALL = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
];

/**
 * Which of a repository's files a model directory needs: configuration, tokenizer, and weights as safetensors. With the
 * index of shards, these follow from it.
 * @throws InputError where there is no such model; pickles are never fetched
 */
export function neededFiles(files: readonly string[], name: string): string[] {
  if (!files.includes('config.json')) throw new InputError(`${name}: has no config.json, so it is no model`);
  const weights = [WEIGHTS, INDEX].find((file) => files.includes(file));
  if (weights !== undefined) return [...SMALL.filter((file) => files.includes(file)), weights];
  const pickle = files.find((file) => /\.(bin|pt|pth|ckpt)$/.test(file));
  const instead = pickle === undefined ? '' : `; ${pickle} is a pickle that can run code, which is never opened`;
  throw new InputError(`${name}: has no ${WEIGHTS}${instead}`);
}

/** The shards that a folder's index names. @throws InputError for an index that is none */
export async function shardsOf(folder: string): Promise<string[]> {
  const path = join(folder, INDEX);
  let map: unknown;
  try {
    map = JSON.parse(await readFile(path, 'utf8')).weight_map;
  } catch (cause) {
    throw new InputError(`${path}: cannot be read as JSON`, { cause });
  }
  const shards = [...new Set(Object.values(map ?? {}).map(String))];
  const bad = shards.find((shard) => !/^[\w.-]+\.safetensors$/.test(shard));
  if (bad !== undefined) throw new InputError(`${path}: ${JSON.stringify(bad)} names no file beside the index`);
  return shards;
}

/** Configuration and all weights are there. */
export async function isComplete(folder: string): Promise<boolean> {
  if (!(await isThere(join(folder, 'config.json')))) return false;
  if (await isThere(join(folder, WEIGHTS))) return true;
  if (!(await isThere(join(folder, INDEX)))) return false;
  const shards = await shardsOf(folder);
  return (await Promise.all(shards.map((shard) => isThere(join(folder, shard))))).every(Boolean);
}
