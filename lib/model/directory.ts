import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { loadSafetensors, readSafetensorsHeader, saveSafetensors, writeFileAtomic } from '../io/index.js';
import type { Tensor } from '../tensor/index.js';
import type { GPTConfig } from './config.js';
import { fromHuggingFace, toHuggingFace } from './hugging-face.js';

const PREFIX = 'transformer.';

/** What a directory needs to know of a model; the class itself imports this file. */
interface Model {
  readonly config: GPTConfig;
  namedParameters(): [name: string, parameter: Tensor][];
  eval(): unknown;
  dispose(): void;
}

/** Writes `config.json` and `model.safetensors`; the weights take their place last and at once. */
export async function saveGPT(directory: string, model: Model): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFileAtomic(join(directory, 'config.json'), `${JSON.stringify(toHuggingFace(model.config), null, 2)}\n`);
  await saveSafetensors(join(directory, 'model.safetensors'), model.namedParameters(), { format: 'pt' });
}

/** The contents of `config.json`. @throws InputError when it is missing or no JSON */
export async function readModelJson(directory: string): Promise<unknown> {
  const path = join(directory, 'config.json');
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new InputError(`${path}: cannot be read (${cause.code ?? cause.message}); is this a model directory?`, {
      cause,
    });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${path}: not JSON`, { cause });
  }
}

/** The model that `config.json` describes. @throws InputError when it is missing or wrong */
export async function readGPTConfig(directory: string): Promise<GPTConfig> {
  return fromHuggingFace(await readModelJson(directory), join(directory, 'config.json'));
}

/** Opens a model directory, in evaluation mode. */
export async function loadGPT<M extends Model>(directory: string, make: (config: GPTConfig) => M): Promise<M> {
  const config = await readGPTConfig(directory);
  const path = join(directory, 'model.safetensors');
  const { tensors } = await readSafetensorsHeader(path);
  // Directories saved from the bare Transformer lack the prefix.
  const prefixed = [...tensors.keys()].some((name) => name.startsWith(PREFIX));
  const fileName = (name: string) => (prefixed || !name.startsWith(PREFIX) ? name : name.slice(PREFIX.length));
  const model = make(config);
  try {
    await loadSafetensors(path, model.namedParameters(), { fileName, mayIgnore: (name) => isDerived(name, config) });
  } catch (error) {
    model.dispose();
    throw error;
  }
  model.eval();
  return model;
}

/** What older files hold beside parameters: causal masks, and the tied output weights a second time. */
function isDerived(name: string, config: GPTConfig): boolean {
  if (name === 'head.weight' || name === 'head.bias') return true; // of a task: see lib/heads
  return /\.attn\.(masked_)?bias$/.test(name) || (config.tiedEmbedding && name === 'lm_head.weight');
}
