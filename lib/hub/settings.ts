import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../errors.js';

/** Where models come from and where they are kept. */
export interface HubSettings {
  /** Address of the hub, without a slash at its end. */
  endpoint: string;
  /** Folder of the cache that Hugging Face's own programs share. */
  cacheDir: string;
  token: string | undefined;
  /** Nothing is fetched; the cache must do. */
  offline: boolean;
}

/**
 * Settings as Hugging Face's own programs read them: HF_ENDPOINT, HF_HUB_CACHE or HF_HOME, HF_TOKEN or the file that
 * `hf auth login` writes, HF_HUB_OFFLINE.
 * @throws InputError for a token that is none
 */
export function hubSettings(given: { cacheDir?: string; token?: string }, env = process.env): HubSettings {
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  const token = given.token ?? env.HF_TOKEN ?? readToken(env.HF_TOKEN_PATH ?? join(home, 'token'));
  if (token !== undefined && !token.startsWith('hf_')) {
    throw new InputError('the Hugging Face token (HF_TOKEN) must begin with "hf_"');
  }
  return {
    endpoint: (env.HF_ENDPOINT ?? 'https://huggingface.co').replace(/\/+$/, ''),
    cacheDir: given.cacheDir ?? env.HF_HUB_CACHE ?? env.HUGGINGFACE_HUB_CACHE ?? join(home, 'hub'),
    token,
    offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
  };
}

function readToken(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() || undefined : undefined;
}
