import { join } from 'node:path';
import { loadSafetensors } from '../io/index.js';
import {
  type GPT,
  type GPTConfig,
  loadGPT,
  readModelJson,
  saveModel,
  toHuggingFace,
  weightsPath,
} from '../model/index.js';
import type { Tensor } from '../tensor/index.js';
import { type TaskConfig, taskOf } from './task-config.js';

/** What a directory needs to know of a task model; the class itself imports this file. */
interface Model {
  readonly gpt: GPT;
  readonly config: TaskConfig;
  readonly head: { namedParameters(): [name: string, parameter: Tensor][] };
  namedParameters(): [name: string, parameter: Tensor][];
  eval(): unknown;
  dispose(): void;
}

export function saveTaskModel(directory: string, model: Model): Promise<void> {
  return saveModel(directory, { ...toHuggingFace(model.gpt.config), task: model.config }, model.namedParameters());
}

export async function loadTaskModel<M extends Model>(
  directory: string,
  makeGPT: (config: GPTConfig) => GPT,
  makeTaskModel: (gpt: GPT, task: TaskConfig) => M,
): Promise<M> {
  const task = taskOf(await readModelJson(directory), join(directory, 'config.json'));
  const model = makeTaskModel(await loadGPT(directory, makeGPT), task);
  try {
    await loadSafetensors(weightsPath(directory), model.head.namedParameters());
  } catch (error) {
    model.dispose();
    throw error;
  }
  model.eval();
  return model;
}
