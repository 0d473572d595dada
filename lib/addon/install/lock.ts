import { setTimeout as sleep } from 'node:timers/promises';
import { type LockOwner, ProcessLock } from '../../process-lock.js';

/**
 * Runs `work` while no other process holds the lock `file`; waits for that one.
 *
 * @param onWait called once with the owner that is waited for
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  onWait: (owner: LockOwner) => void,
): Promise<T> {
  let lock = await ProcessLock.take(file);
  if (!(lock instanceof ProcessLock)) onWait(lock);
  while (!(lock instanceof ProcessLock)) {
    await sleep(200);
    lock = await ProcessLock.take(file);
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}
