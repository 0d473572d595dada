import type { ProcessGroup } from './process-group.js';

/**
 * Does a piece of work on rank 0 first, and then on the others, which find what it has left in files. Where rank 0 fails, the
 * others fail too, as it leaves the group.
 * @param work told whether it is the first one
 */
export async function inOrder<T>(group: ProcessGroup | undefined, work: (isFirst: boolean) => Promise<T>): Promise<T> {
  if (group === undefined) return work(true);
  if (group.rank > 0) await group.barrier();
  const result = await work(group.rank === 0);
  if (group.rank === 0) await group.barrier();
  return result;
}
