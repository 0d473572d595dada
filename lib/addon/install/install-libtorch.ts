import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LoadError } from '../../errors.js';
import { cacheFolder } from '../cache-folder.js';
import { hasCuda, hasLibraries, type LibtorchDevice } from '../libtorch-files.js';
import { fetchedTorch } from '../torch-version.js';
import { fromIndex } from './from-index.js';
import { fromPip } from './from-pip.js';
import { makeGet } from './http.js';
import { withLock } from './lock.js';
import type { InstallProgress, SourceOptions } from './source.js';

export interface InstallOptions {
  env?: NodeJS.ProcessEnv;
  /** CUDA's libtorch with NVIDIA's libraries (several GB). Default: the CPU's. */
  cuda?: boolean;
  /** Anew where it is there already; the old one stays until the new one is whole. */
  force?: boolean;
  onProgress?: (progress: InstallProgress) => void;
}

/**
 * Puts libtorch into gptorch's cache and returns its folder; one that is there already is left as it is. It comes from pip's
 * index, else from PyTorch's own; with `GPTORCH_LIBTORCH_URL` from there alone. Of two processes one waits for the other. What a
 * broken download has brought is kept for the next call.
 *
 * @throws LoadError when no source has it; the message has each one's reason.
 */
export async function installLibtorch(options: InstallOptions = {}): Promise<string> {
  const { env = process.env, cuda = false, force = false, onProgress = () => {} } = options;
  const device: LibtorchDevice = cuda ? 'cuda' : 'cpu';
  const cache = cacheFolder(env);
  const target = join(cache, `libtorch-${fetchedTorch}-${device}`);
  const folder = join(target, 'torch');
  if (!force && hasLibraries(folder)) return folder;

  await mkdir(cache, { recursive: true });
  const prefix = `.libtorch-${device}-`;
  const work = async () => {
    if (!force && hasLibraries(folder)) return; // another process was faster
    await removeRemains(cache, prefix);
    const temporary = await mkdtemp(join(cache, prefix));
    try {
      const unpacked = join(temporary, 'unpacked');
      // Of its own: whoever is done removes it.
      const downloads = join(cache, `downloads-${device}`);
      await fetchFrom({ device, unpacked, temporary, downloads, env, get: makeGet(env), report: onProgress });
      await rm(target, { recursive: true, force: true });
      await rename(unpacked, target);
      await rm(downloads, { recursive: true, force: true });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  };
  await withLock(join(cache, `${prefix}lock`), work, ({ pid, host }) =>
    onProgress({ what: `waiting for process ${pid} of ${host}, which installs libtorch too` }),
  );
  return folder;
}

/** Unpacks what the first source that has it gives. */
async function fetchFrom(options: SourceOptions): Promise<void> {
  const { device, env, unpacked } = options;
  const reasons: string[] = [];
  for (const source of env.GPTORCH_LIBTORCH_URL ? [fromIndex] : [fromPip, fromIndex]) {
    try {
      await source(options);
      const torch = join(unpacked, 'torch');
      if (!hasLibraries(torch)) throw new LoadError('The wheel of torch has no libtorch in it.');
      if (device === 'cuda' && !hasCuda(torch)) throw new LoadError('The wheel of torch is not a CUDA build.');
      return;
    } catch (cause) {
      if (!(cause instanceof LoadError)) throw cause;
      reasons.push(cause.message);
      await rm(unpacked, { recursive: true, force: true });
    }
  }
  throw new LoadError(
    `libtorch ${fetchedTorch} could not be fetched:\n  ${reasons.join('\n  ')}\n` +
      'Set GPTORCH_LIBTORCH_URL to an index or a wheel that answers, or GPTORCH_LIBTORCH to a folder with libtorch.',
  );
}

/** What killed processes left; the lock is ours. */
async function removeRemains(cache: string, prefix: string): Promise<void> {
  const remains = (await readdir(cache)).filter((name) => name.startsWith(prefix) && !name.includes('lock'));
  for (const name of remains) await rm(join(cache, name), { recursive: true, force: true });
}
