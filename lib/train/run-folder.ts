import { existsSync } from 'node:fs';
import { access, constants, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../errors.js';

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
 * Makes the folder.
 * @returns the topmost folder that had to be made, to undo it; undefined when all were there.
 * @throws InputError when it cannot be made or written to.
 */
export async function ensureWritableFolder(folder: string): Promise<string | undefined> {
  const missing: string[] = [];
  let nearest = resolve(folder);
  for (; !existsSync(nearest); nearest = dirname(nearest)) missing.unshift(nearest);
  if (!(await stat(nearest)).isDirectory()) throw cannotWrite(folder, `${nearest} is not a directory`);
  try {
    await access(nearest, constants.W_OK | constants.X_OK);
    // One by one: mkdir's own `recursive` never returns where a file system answers ENOENT, as /proc does.
    for (const path of missing) await mkdir(path);
  } catch (cause) {
    throw cannotWrite(folder, cause);
  }
  return missing[0];
}

/**
 * Makes the folder and runs `use`. Where that fails, the folder is as it was: gone, if it was not there.
 * @throws InputError when it cannot be made or written to; what `use` throws
 */
export async function inWritableFolder<T>(folder: string, use: () => Promise<T>): Promise<T> {
  const made = await ensureWritableFolder(folder);
  try {
    return await use();
  } catch (error) {
    if (made !== undefined) await rm(made, { recursive: true, force: true });
    throw error;
  }
}

function cannotWrite(folder: string, cause: unknown): InputError {
  return new InputError(`${folder}: cannot be written: ${cause instanceof Error ? cause.message : cause}`, { cause });
}
