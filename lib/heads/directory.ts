import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSafetensors, saveSafetensors, writeFileAtomic } from '../io/index.js';
import { type GPT, type GPTConfig, loadGPT, readModelJson, toHuggingFace } from '../model/index.js';
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

export async function saveTaskModel(directory: string, model: Model): Promise<void> {
  await mkdir(directory, { recursive: true });
  const config = { ...toHuggingFace(model.gpt.config), task: model.config };
  await writeFileAtomic(join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  await saveSafetensors(join(directory, 'model.safetensors'), model.namedParameters(), { format: 'pt' });
}

export async function loadTaskModel<M extends Model>(
  directory: string,
  makeGPT: (config: GPTConfig) => GPT,
  makeTaskModel: (gpt: GPT, task: TaskConfig) => M,
): Promise<M> {
  const task = taskOf(await readModelJson(directory), join(directory, 'config.json'));
  const model = makeTaskModel(await loadGPT(directory, makeGPT), task);
  try {
    await loadSafetensors(join(directory, 'model.safetensors'), model.head.namedParameters());
  } catch (error) {
    model.dispose();
    throw error;
  }
  model.eval();
  return model;
}
