import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokenizer } from '../data/index.js';
import { InputError } from '../errors.js';
import type { DownloadProgress } from '../hub/index.js';
import { isModelName } from '../hub/model-cache.js';
import type { GPT } from '../model/index.js';
import type { CommonOptions } from './common-options.js';
import { setUpEngine } from './set-up-engine.js';

export interface LoadedModel {
  model: GPT;
  /** Undefined where the directory has none: tokens go in and out as ids. */
  tokenizer: Tokenizer | undefined;
}

/**
 * Opens a model directory for inference, or a model of the Hugging Face Hub where no directory has the name.
 * @throws InputError when it is none.
 */
export async function loadModel(options: CommonOptions & { model: string }): Promise<LoadedModel> {
  const folder = await modelFolder(options);
  const device = await setUpEngine(options);
  const { GPT } = await import('../model/index.js');
  const { hasTokenizer, loadTokenizer } = await import('../data/index.js');
  const tokenizer = hasTokenizer(folder) ? await loadTokenizer(folder) : undefined;
  const model = await GPT.load(folder, { device });
  return { model: model.eval(), tokenizer };
}

/** A name of the hub is `organisation/name`; all else is a path. */
async function modelFolder({ model, quiet }: CommonOptions & { model: string }): Promise<string> {
  const isName = model.includes('/') && isModelName(model);
  if (existsSync(model) || !isName) {
    if (existsSync(join(model, 'config.json'))) return model;
    throw new InputError(`${model}: no model directory, config.json is missing`);
  }
  const { downloadModel } = await import('../hub/index.js');
  const begun = new Set<string>();
  const onProgress = ({ file, total }: DownloadProgress) => {
    if (!quiet && !begun.has(file)) process.stderr.write(`fetching ${file} (${(total / 1e6).toFixed(1)} MB)\n`);
    begun.add(file);
  };
  return downloadModel(model, { onProgress }).catch((error) => {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`there is no directory ${model}; ${error.message}`, { cause: error });
  });
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
