import type { Tokenizer } from '../data/index.js';
import { InputError } from '../errors.js';
import type { GPT } from '../model/index.js';
import type { CommonOptions } from './common-options.js';
import { modelFolder } from './model-folder.js';
import { setUpEngine } from './set-up-engine.js';
import type { WeightsOption } from './weights-option.js';

export interface LoadedModel {
  model: GPT;
  /** Undefined where the directory has none: tokens go in and out as ids. */
  tokenizer: Tokenizer | undefined;
}

/**
 * Opens a model directory for inference, or a model of the Hugging Face Hub where no directory has the name.
 * @throws InputError when it is none.
 */
export async function loadModel(options: CommonOptions & WeightsOption & { model: string }): Promise<LoadedModel> {
  const folder = await modelFolder(options);
  const device = await setUpEngine(options);
  const { GPT } = await import('../model/index.js');
  const { hasTokenizer, loadTokenizer } = await import('../data/index.js');
  const tokenizer = hasTokenizer(folder) ? await loadTokenizer(folder) : undefined;
  const model = await GPT.load(folder, { device, dtype: options.dtype, decoder: { weights: options.weights } });
  return { model: model.eval(), tokenizer };
}

/** @throws InputError when the model has no tokenizer. */
export function needTokenizer({ tokenizer }: LoadedModel, folder: string, instead: string): Tokenizer {
  if (tokenizer === undefined)
    throw new InputError(`${folder}: has no tokenizer.json, nor vocab.json with merges.txt; ${instead}`);
  return tokenizer;
}

/** @throws InputError when an id is not in the vocabulary. */
export function checkTokens(tokens: readonly number[], model: GPT, where: string): void {
  const { vocabSize } = model.config;
  const bad = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabSize);
  if (bad !== undefined)
    throw new InputError(`${where}: token id ${bad} is out of range; allowed: 0 to ${vocabSize - 1}`);
}
