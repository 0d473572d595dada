import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError, InputError } from '../errors.js';
import { openTensorFiles, writeFileAtomic } from '../io/index.js';
import { scope, type Tensor } from '../tensor/index.js';
import { readModelJson, saveModel, weightsPath } from './directory.js';
import { GPT } from './gpt.js';
import { int8Config, isInt8 } from './hugging-face.js';
import { toInt8 } from './int8-weights.js';

/** Files beside the weights that a quantised model needs as they are. */
const COMPANIONS = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
];

/** What `quantize` has done. */
export interface Quantized {
  /** Bytes of the weights, before and after. */
  bytes: { before: number; after: number };
  parameters: number;
}

/**
 * Writes a language model's directory anew with smaller weights, which `GPT.load` opens and which then generates with them.
 *
 * `bfloat16`: every tensor, rounded to nearest; transformers opens it too. `int8`: the weight matrices and the token embedding, as
 * integers and a scale for each output channel (see `quantizeInt8`); everything else stays float32. The tokenizer's files are
 * copied. Weights come last and at once: before that `target` is no model directory.
 *
 * @param source a directory that `GPT.load` opens
 * @param target a directory without a model
 * @throws InputError where `source` holds a task's model or is quantised already, or `target` holds a model
 */
export async function quantize(source: string, target: string, weights: 'bfloat16' | 'int8'): Promise<Quantized> {
  if (weights !== 'bfloat16' && weights !== 'int8') {
    throw new ArgumentError(`quantize: weights is '${weights}'; allowed: bfloat16, int8`);
  }
  const json = await checkSource(source);
  if (existsSync(join(target, 'model.safetensors'))) throw new InputError(`${target}: already holds a model`);
  const model = await GPT.load(source);
  const tensors: [string, Tensor][] = [];
  try {
    for (const [name, parameter] of model.namedParameters()) {
      if (weights === 'int8') tensors.push(...toInt8(name, parameter));
      else tensors.push([name, scope(() => parameter.detach().to({ dtype: 'bfloat16' }))]);
    }
    const { torch_dtype: _, ...rest } = json;
    const config = weights === 'int8' ? int8Config(model.config) : { ...rest, dtype: 'bfloat16' };
    await saveModel(target, config, tensors, () => copyCompanions(source, target));
    const [before, after] = await Promise.all([weightBytes(source), weightBytes(target)]);
    return { bytes: { before, after }, parameters: model.parameterCount };
  } finally {
    for (const [, tensor] of tensors) tensor.dispose();
    model.dispose();
  }
}

/** The contents of a `config.json` that can be quantised. */
async function checkSource(source: string): Promise<Record<string, unknown>> {
  const json = (await readModelJson(source)) as Record<string, unknown>;
  const where = join(source, 'config.json');
  if (json.task !== undefined)
    throw new InputError(`${where}: a model with a task's head; quantize takes language models`);
  if (isInt8(json, where)) throw new InputError(`${where}: the weights are int8 already`);
  return json;
}

async function copyCompanions(source: string, target: string): Promise<void> {
  for (const name of COMPANIONS) {
    if (existsSync(join(source, name))) await writeFileAtomic(join(target, name), await readFile(join(source, name)));
  }
}

async function weightBytes(directory: string): Promise<number> {
  const files = await openTensorFiles(weightsPath(directory));
  await files.close();
  return [...files.tensors.values()].reduce((sum, { entry }) => sum + entry.bytes, 0);
}
