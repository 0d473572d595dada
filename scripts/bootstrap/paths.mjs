import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Everything built natively; libraries are in its folder Release. */
export const buildFolder = join(root, 'build');
export const releaseFolder = join(buildFolder, 'Release');
export const distFolder = join(root, 'dist');
export const logFolder = join(buildFolder, 'logs');

/** The same as lib/addon/cache-folder.ts, which is not compiled yet when this is needed. */
export function cacheFolder(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gptorch');
}

/** True in the script that Node was started with. */
export function isMain(url) {
  const script = process.argv[1];
  return script !== undefined && url === pathToFileURL(realpathSync(script)).href;
}
