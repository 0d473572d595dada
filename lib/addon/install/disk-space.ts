import { statfs } from 'node:fs/promises';
import { LoadError } from '../../errors.js';

/** @throws LoadError when the disk of `folder` has less than `bytes` left. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new LoadError(
    `${folder} has ${gigabytes(free)} left on its disk, and ${gigabytes(bytes)} more are needed. ` +
      'Make room, or set XDG_CACHE_HOME to a folder on another disk.',
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
