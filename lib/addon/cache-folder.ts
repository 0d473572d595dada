import { homedir } from 'node:os';
import { join } from 'node:path';

/** gptorch's cache: `$XDG_CACHE_HOME/gptorch`, by default `~/.cache/gptorch`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gptorch');
}
