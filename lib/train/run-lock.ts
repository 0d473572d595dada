import { rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Share } from '../distributed/index.js';
import { InputError } from '../errors.js';
import { ensureWritableFolder, ProcessLock } from '../io/index.js';

/** The file in a run's folder that says which process trains there. */
export const RUN_LOCK = 'run.lock';

/**
 * Does a job in a run's folder, which no other process writes to meanwhile. Of several ranks the first holds the folder.
 * What had to be made of the folder goes again where the job fails and has left nothing in it.
 * @throws InputError naming the process that has the folder, or why it cannot be written; what `work` throws
 */
export async function aloneInFolder<T>(folder: string, group: Share | undefined, work: () => Promise<T>): Promise<T> {
  if (group !== undefined && group.rank > 0) return work();
  const made = await ensureWritableFolder(folder);
  const lock = await ProcessLock.take(join(folder, RUN_LOCK));
  if (!(lock instanceof ProcessLock)) {
    const { pid, host, since } = lock;
    throw new InputError(
      `${folder}: process ${pid} on ${host} trains in it since ${since}; wait for its end, or choose another folder`,
    );
  }
  try {
    return await work();
  } catch (error) {
    lock.release();
    if (made !== undefined) await removeEmpty(resolve(folder), made);
    throw error;
  } finally {
    lock.release();
  }
}

/** @param topmost the last that goes */
async function removeEmpty(folder: string, topmost: string): Promise<void> {
  for (let path = folder; path.startsWith(topmost); path = dirname(path)) {
    if (!(await rmdir(path).then(() => true, () => false))) return; // biome-ignore format: short
  }
}
