import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import { readJsonFile } from './json-file.js';
import { openSafetensorsFile, type SafetensorsFile } from './safetensors-file.js';
import type { TensorEntry } from './safetensors-header.js';

/** Where a tensor is. */
export interface TensorPlace {
  file: SafetensorsFile;
  entry: TensorEntry;
}

/** Open safetensors files that are read as one. */
export interface TensorFiles {
  /** The file, or the index of the shards. */
  path: string;
  tensors: ReadonlyMap<string, TensorPlace>;
  metadata: Record<string, string>;
  /** Nothing can be read after. */
  close(): Promise<void>;
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens a safetensors file, or all shards of an index as Hugging Face writes it (`*.safetensors.index.json`).
 * @throws InputError naming the file and the tensor at fault; nothing is open then
 */
export async function openTensorFiles(path: string): Promise<TensorFiles> {
  if (!path.endsWith('.index.json')) return joinFiles(path, [await openSafetensorsFile(path)]);
  const places = await readIndex(path);
  const files: SafetensorsFile[] = [];
  try {
    for (const [shard, tensor] of firstTensors(places)) files.push(await openShard(path, shard, tensor));
    const joined = joinFiles(path, files);
    checkAgainstIndex(joined, places);
    return joined;
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

function joinFiles(path: string, files: SafetensorsFile[]): TensorFiles {
  const tensors = new Map<string, TensorPlace>();
  for (const file of files) {
    for (const [name, entry] of file.tensors) {
      const other = tensors.get(name);
      if (other) throw new InputError(`${file.path}: tensor ${name} is also in ${other.file.path}`);
      tensors.set(name, { file, entry });
    }
  }
  const metadata = Object.assign({}, ...files.map((file) => file.metadata));
  return { path, tensors, metadata, close: () => closeAll(files) };
}

async function closeAll(files: SafetensorsFile[]): Promise<void> {
  await Promise.all(files.map(({ handle }) => handle.close()));
}

/** The shard of each tensor. */
async function readIndex(path: string): Promise<Map<string, string>> {
  return new Map(Object.entries(parseOrThrow(indexSchema, await readJsonFile(path), path).weight_map));
}

/** Each shard with a tensor that it must have. */
function firstTensors(places: ReadonlyMap<string, string>): Map<string, string> {
  const first = new Map<string, string>();
  for (const [tensor, shard] of places) if (!first.has(shard)) first.set(shard, tensor);
  return first;
}

async function openShard(index: string, shard: string, tensor: string): Promise<SafetensorsFile> {
  if (shard !== basename(shard) || !shard.endsWith('.safetensors')) {
    throw new InputError(
      `${index}: tensor ${tensor} is in ${JSON.stringify(shard)}, which names no file beside the index`,
    );
  }
  return openSafetensorsFile(join(dirname(index), shard)).catch((error) => {
    throw new InputError(`${error.message}; the index says that it has tensor ${tensor}`, { cause: error });
  });
}

function checkAgainstIndex({ path, tensors }: TensorFiles, places: ReadonlyMap<string, string>): void {
  for (const [name, shard] of places) {
    if (basename(tensors.get(name)?.file.path ?? '') === shard) continue;
    throw new InputError(`${path}: tensor ${name} is not in ${join(dirname(path), shard)}, where it should be`);
  }
  for (const [name, { file }] of tensors) {
    if (!places.has(name)) throw new InputError(`${file.path}: tensor ${name} is not in the index ${path}`);
  }
}
