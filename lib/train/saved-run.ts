import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { RunConfig } from '../config/index.js';
import { InputError } from '../errors.js';
import { engine } from '../tensor/index.js';
import { readCheckpointState } from './checkpoint.js';
import type { RunFolder } from './run-folder.js';
import type { TrainerState } from './trainer-state.js';

/** On what a run's numbers depend to the last bit, besides its configuration, data and gptorch itself. */
export interface Environment {
  torch: string;
  /** Of each process. */
  threads: number;
  /** Ranks that trained together. */
  processes: number;
  device: string;
  dtype: 'float32' | 'bfloat16';
  /** The instruction set that libtorch's kernels use. */
  capability: string;
}

/** The environment of this process, one of `processes`. */
export function environment(device: string, dtype: Environment['dtype'], processes = 1): Environment {
  const { torchVersion: torch, threads, capability } = engine;
  return { torch, threads, processes, device, dtype, capability };
}

/** What the checkpoint of a run has besides tensors. */
export interface SavedRun<Config = RunConfig> {
  trainer: TrainerState;
  config: Config;
  /** The data files, as absolute paths, and a hash of what was read from them. */
  data: string[];
  digest: string;
  environment: Environment;
}

/** @throws InputError when the folder has no checkpoint. */
export async function readSavedRun<Config = RunConfig>(folder: RunFolder): Promise<SavedRun<Config>> {
  if (!existsSync(folder.checkpoint)) throw new InputError(`${folder.path}: nothing to resume, it has no checkpoint`);
  return (await readCheckpointState(folder.checkpoint)) as SavedRun<Config>;
}

/** @throws InputError when a run would write over an earlier one, or over a model. */
export function checkHoldsNoRun(folder: RunFolder): void {
  if (existsSync(folder.checkpoint)) {
    throw new InputError(`${folder.path}: already holds a run; continue it with --resume or choose another folder`);
  }
  if (existsSync(folder.model)) throw new InputError(`${folder.path}: already holds a model; choose another folder`);
}

/** How a run is trained may change when it is resumed; what it is and what it reads may not. @throws InputError */
export function checkIsSameRun(folder: RunFolder, saved: SavedRun, config: RunConfig, data: readonly string[]): void {
  checkIsSame(folder, 'model', saved.config.model, config.model);
  checkIsSame(folder, 'tokenizer', saved.config.tokenizer, config.tokenizer);
  checkIsSame(folder, 'data', saved.config.data, config.data);
  checkIsSame(folder, 'data file', saved.data, data);
}

/** @throws InputError naming what a resumed run would have otherwise than it was */
export function checkIsSame(folder: RunFolder, name: string, was: unknown, is: unknown): void {
  if (isDeepStrictEqual(was, is)) return;
  const told = `it was ${JSON.stringify(was)}, now it is ${JSON.stringify(is)}`;
  throw new InputError(`${folder.path}: cannot resume with another ${name}: ${told}`);
}

/** Why a resumed run will not repeat the uninterrupted one bit for bit; empty where it will. */
export function differences(saved: Environment, now: Environment): string[] {
  const names = Object.keys(now) as (keyof Environment)[];
  // Runs were of one process before they said of how many.
  const was = { ...saved, processes: saved.processes ?? 1 };
  return names.filter((name) => was[name] !== now[name]).map((name) => `${name} ${was[name]} → ${now[name]}`);
}
