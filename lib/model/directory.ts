import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WeightFormat } from '../decode/index.js';
import { InputError } from '../errors.js';
import {
  checkTensors,
  copyTensors,
  type Described,
  ensureWritableFolder,
  openTensorFiles,
  readJsonFile,
  saveSafetensors,
  type TensorFiles,
  writeFileAtomic,
} from '../io/index.js';
import type { Tensor } from '../tensor/index.js';
import type { GPTConfig } from './config.js';
import { fromHuggingFace, isInt8, toHuggingFace } from './hugging-face.js';
import { copyInt8, describedInt8 } from './int8-weights.js';
import { channelDimensionOf, embeddingNames, OUTPUT_WEIGHT, parameterShapes } from './parameter-shapes.js';
import { checkTiedOutput } from './tied-output.js';

const PREFIX = 'transformer.';
const WEIGHTS = 'model.safetensors';
const SHARDED_WEIGHTS = 'model.safetensors.index.json';

/** What a directory needs to know of a model; the class itself imports this file. */
interface Model {
  readonly config: GPTConfig;
  namedParameters(): [name: string, parameter: Tensor][];
  eval(): unknown;
  dispose(): void;
}

export function saveGPT(directory: string, model: Model): Promise<void> {
  return saveModel(directory, toHuggingFace(model.config), model.namedParameters());
}

/**
 * Writes `config.json`, what `others` writes, and `model.safetensors`; the weights take their place last and at once.
 */
export async function saveModel(
  directory: string,
  config: Record<string, unknown>,
  parameters: [name: string, parameter: Tensor][],
  others?: () => Promise<void>,
): Promise<void> {
  await ensureWritableFolder(directory);
  await writeFileAtomic(join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  await others?.();
  await saveSafetensors(join(directory, WEIGHTS), parameters, { format: 'pt' });
}

/** The contents of `config.json`. @throws InputError when it is missing or no JSON */
export async function readModelJson(directory: string): Promise<unknown> {
  return readJsonFile(join(directory, 'config.json'), { hint: '; is this a model directory?' });
}

/** The model that `config.json` describes. @throws InputError when it is missing or wrong */
export async function readGPTConfig(directory: string): Promise<GPTConfig> {
  return fromHuggingFace(await readModelJson(directory), join(directory, 'config.json'));
}

/**
 * The weights of a model directory: one file, or the index of its shards.
 * @throws InputError where there are none that this library reads
 */
export function weightsPath(directory: string): string {
  const found = [WEIGHTS, SHARDED_WEIGHTS].map((name) => join(directory, name)).find(existsSync);
  if (found !== undefined) return found;
  if (existsSync(join(directory, 'pytorch_model.bin'))) {
    throw new InputError(
      `${directory}: has pytorch_model.bin alone, a pickle that can run code and is never opened; ` +
        `in Python, from_pretrained(dir).save_pretrained(dir) writes ${WEIGHTS}`,
    );
  }
  throw new InputError(`${directory}: no model directory, ${WEIGHTS} is missing`);
}

/**
 * Opens a model directory, in evaluation mode. All but checksums and numbers is checked before the model is made; a model
 * whose weights do not all arrive is disposed. `make` learns in what format the files keep the weight matrices.
 */
export async function loadGPT<M extends Model>(
  directory: string,
  make: (config: GPTConfig, stored: WeightFormat) => M,
): Promise<M> {
  const json = await readModelJson(directory);
  const where = join(directory, 'config.json');
  const config = fromHuggingFace(json, where);
  const int8 = isInt8(json, where);
  const files = await openTensorFiles(weightsPath(directory));
  try {
    const rename = nameInFiles(files);
    checkTensors(files, described(config, rename, int8), { mayIgnore: (name) => isNoParameter(name, config) });
    const model = make(config, int8 ? 'int8' : storedFormat(files));
    try {
      const named = model.namedParameters();
      const parameters = named.map(([name, parameter]): [string, Tensor] => [rename(name), parameter]);
      await (int8 ? copyInt8 : copyTensors)(files, parameters);
      const embedding = new Map(named).get(embeddingNames(config)[0]);
      if (config.tiedEmbedding && embedding !== undefined) await checkTiedOutput(files, embedding, where);
    } catch (error) {
      model.dispose();
      throw error;
    }
    model.eval();
    return model;
  } finally {
    await files.close();
  }
}

/** A parameter's name in the files: directories saved from the bare Transformer lack the prefix. */
function nameInFiles({ tensors }: TensorFiles): (name: string) => string {
  const prefixed = [...tensors.keys()].some((name) => name.startsWith(PREFIX));
  return (name) => (prefixed || !name.startsWith(PREFIX) ? name : name.slice(PREFIX.length));
}

function* described(
  config: GPTConfig,
  rename: (name: string) => string,
  int8: boolean,
): Iterable<readonly [string, Described]> {
  for (const [name, shape] of parameterShapes(config)) {
    if (int8) yield* describedInt8(rename(name), shape);
    else yield [rename(name), { shape, dtype: 'float32' }];
  }
}

/** bfloat16 where every weight matrix is: packed as such it loses nothing. */
function storedFormat({ tensors }: TensorFiles): WeightFormat {
  const matrices = [...tensors].filter(([name]) => channelDimensionOf(name) !== undefined);
  return matrices.every(([, { entry }]) => entry.dtype === 'bfloat16') ? 'bfloat16' : 'float32';
}

/**
 * What files may hold beside a language model's parameters: what older versions of transformers stored (causal masks,
 * position ids, the tied output weights a second time, which `checkTiedOutput` compares), and the head of a task (see lib/heads).
 */
function isNoParameter(name: string, { tiedEmbedding }: GPTConfig): boolean {
  if (name === 'head.weight' || name === 'head.bias') return true;
  return (
    /(\.attn\.(masked_)?bias|^(transformer\.)?position_ids)$/.test(name) || (tiedEmbedding && name === OUTPUT_WEIGHT)
  );
}
