import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../addon/cache-folder.js';

export interface CacheFacts {
  folder: string;
  holds: { name: string; bytes: number }[];
}

/** What gptorch's cache holds, remains of broken installations included. */
export function cacheFacts(env: NodeJS.ProcessEnv): CacheFacts {
  const folder = cacheFolder(env);
  const holds = list(folder).map((name) => ({ name, bytes: sizeOf(join(folder, name)) }));
  return { folder, holds };
}

function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return stat?.size ?? 0;
  return list(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
