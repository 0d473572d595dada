import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureWritableFolder } from '../io/index.js';
import { RUN_LOCK } from './run-lock.js';

/** The files of a training run. */
export interface RunFolder {
  path: string;
  /** The best model's weights; with `config.json` and `tokenizer.json` beside them the folder is a model directory. */
  model: string;
  /** All that the run needs to go on. */
  checkpoint: string;
  /** The data as token files; nothing for dialogues. */
  tokens: string;
  metrics: string;
  curve: string;
  /** Of fine-tuning: what was learned, to be looked at. */
  report: string;
}

/** The files of a run; none is touched. */
export function runFolder(path: string): RunFolder {
  return {
    path,
    model: join(path, 'model.safetensors'),
    checkpoint: join(path, 'checkpoint.safetensors'),
    tokens: join(path, 'tokens'),
    metrics: join(path, 'metrics.jsonl'),
    curve: join(path, 'loss.svg'),
    report: join(path, 'report.html'),
  };
}

/**
 * Makes the folder and runs `use`. Where that fails, a folder that was not there is gone again, and one that was empty but
 * for the run's lock is so again.
 * @throws InputError when it cannot be made or written to; what `use` throws
 */
export async function inWritableFolder<T>(folder: string, use: () => Promise<T>): Promise<T> {
  const made = await ensureWritableFolder(folder);
  const isEmpty = (await contentsOf(folder)).length === 0;
  try {
    return await use();
  } catch (error) {
    const left = made !== undefined ? [made] : isEmpty ? await contentsOf(folder) : [];
    for (const path of left) await rm(path, { recursive: true, force: true });
    throw error;
  }
}

/** Paths of what is in the folder, the lock left out. */
async function contentsOf(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name !== RUN_LOCK).map((name) => join(folder, name));
}
