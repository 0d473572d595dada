import { randomBytes } from 'node:crypto';
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { cannotWrite } from '../errors.js';

/**
 * Writes a file so that after a crash at any moment either the old or the new one is there, whole: to a temporary name,
 * flushed to the disk, then renamed.
 * @throws GptorchError `ERR_WRITE` naming the file and the system's reason
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryFor(path);
  await removeStale(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw cannotWrite(path, cause);
  }
}

/** A name beside `path` that no other writer has; it says whose it is. */
export function temporaryFor(path: string): string {
  return join(dirname(path), `${temporaryStart(path)}${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
}

/** Removes what killed processes of this machine left of their writing to `path`. */
export async function removeStale(path: string): Promise<void> {
  const [folder, start] = [dirname(path), temporaryStart(path)];
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(start) ? /^(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name.slice(start.length))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) await unlink(join(folder, name)).catch(() => undefined);
  }
}

function temporaryStart(path: string): string {
  return `${basename(path)}.${hostname()}.`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The name of a file is data of its folder. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
