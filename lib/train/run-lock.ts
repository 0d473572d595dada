import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Share } from '../distributed/index.js';
import { InputError } from '../errors.js';
import { ensureWritableFolder, ProcessLock } from '../io/index.js';
import { runFolder } from './run-folder.js';

/** The file in a run's folder that says which process trains there. */
export const RUN_LOCK = 'run.lock';

/**
 * Does a job in a run's folder, which no other process writes to meanwhile. Of several ranks the first holds the folder.
 * Where the job fails before it trains, a folder that was empty is so again, and one that was not there is gone.
 * @throws InputError naming the process that has the folder, or why it cannot be written; what `work` throws
 */
export async function aloneInFolder<T>(folder: string, group: Share | undefined, work: () => Promise<T>): Promise<T> {
  if (group !== undefined && group.rank > 0) return work();
  const made = await ensureWritableFolder(folder);
  let lock: ProcessLock | undefined;
  let wasEmpty = false;
  try {
    lock = await takeFolder(folder);
    wasEmpty = (await contentsOf(folder)).length === 0;
    return await work();
  } catch (error) {
    if (wasEmpty && !hasBegun(folder)) {
      for (const path of await contentsOf(folder)) await rm(path, { recursive: true, force: true });
    }
    lock?.release();
    if (made !== undefined) await removeEmpty(resolve(folder), made);
    throw error;
  } finally {
    lock?.release();
  }
}

/** Paths of what is in the folder, the lock left out. */
async function contentsOf(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name !== RUN_LOCK).map((name) => join(folder, name));
}

/** Whether there is something that was trained, or measured of it. */
function hasBegun(folder: string): boolean {
  const { metrics, checkpoint, model } = runFolder(folder);
  return [metrics, checkpoint, model].some(existsSync);
}

async function takeFolder(folder: string): Promise<ProcessLock> {
  const lock = await ProcessLock.take(join(folder, RUN_LOCK));
  if (lock instanceof ProcessLock) return lock;
  const { pid, host, since } = lock;
  throw new InputError(
    `${folder}: process ${pid} on ${host} trains in it since ${since}; wait for its end, or choose another folder`,
  );
}

/** @param topmost the last that goes */
async function removeEmpty(folder: string, topmost: string): Promise<void> {
  for (let path = folder; path.startsWith(topmost); path = dirname(path)) {
    if (!(await rmdir(path).then(() => true, () => false))) return; // biome-ignore format: short
  }
}
