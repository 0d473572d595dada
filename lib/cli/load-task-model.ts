import { join } from 'node:path';
import type { TaskTokens } from '../data/index.js';
import { InputError } from '../errors.js';
import type { TaskModel } from '../heads/index.js';
import type { CommonOptions } from './common-options.js';
import { setUpEngine } from './set-up-engine.js';

/** Whether a model directory has a task's head. @throws InputError when it is no model directory */
export async function isTaskModel(folder: string): Promise<boolean> {
  const { hasTask } = await import('../heads/index.js');
  const { readModelJson } = await import('../model/index.js');
  return hasTask(await readModelJson(folder));
}

/** @throws InputError when the directory has no head, no tokenizer, or a tokenizer without the tokens of a task */
export async function loadTaskModel(
  options: CommonOptions & { model: string },
): Promise<{ model: TaskModel; tokens: TaskTokens }> {
  const { addTaskTokens, checkTokenizerFits, loadTokenizer } = await import('../data/index.js');
  const device = await setUpEngine(options);
  const { TaskModel, taskOf } = await import('../heads/index.js');
  const { fromHuggingFace, readModelJson } = await import('../model/index.js');
  const [json, where] = [await readModelJson(options.model), join(options.model, 'config.json')];
  taskOf(json, where); // a language model lacks the tokens of a task too, but that is not what to tell
  const tokenizer = await loadTokenizer(options.model);
  const tokens = addTaskTokens(tokenizer);
  if (tokens.tokenizer !== tokenizer) {
    throw new InputError(`${join(options.model, 'tokenizer.json')}: has no start, delimiter and extract tokens`);
  }
  checkTokenizerFits(tokenizer, fromHuggingFace(json, where).vocabSize, options.model);
  return { model: await TaskModel.load(options.model, { device, dtype: options.dtype }), tokens };
}
