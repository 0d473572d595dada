import { existsSync } from 'node:fs';
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InputError } from '../errors.js';

/**
 * Makes a folder, and those above it.
 * @returns the topmost folder that had to be made, to undo it; undefined when all were there
 * @throws InputError naming the folder and the reason when it cannot be made or written to
 */
export async function ensureWritableFolder(folder: string): Promise<string | undefined> {
  const missing: string[] = [];
  let nearest = resolve(folder);
  for (; !existsSync(nearest); nearest = dirname(nearest)) missing.unshift(nearest);
  try {
    if (!(await stat(nearest)).isDirectory()) {
      throw new InputError(`${folder}: cannot be made: ${nearest} is not a directory`);
    }
    await access(nearest, constants.W_OK | constants.X_OK);
    // One by one: mkdir's own `recursive` never returns where a file system answers ENOENT, as /proc does.
    for (const path of missing) await makeOne(path);
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`${folder}: cannot be written: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return missing[0];
}

/** Another process may have made it in the meantime. */
async function makeOne(path: string): Promise<void> {
  await mkdir(path).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
    if (!existsSync(path)) throw new InputError(`${path}: cannot be made: it is a link to what is not there`);
  });
}
