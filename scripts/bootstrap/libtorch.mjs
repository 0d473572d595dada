import { join } from 'node:path';
import { Failure } from './failure.mjs';
import { distFolder, releaseFolder } from './paths.mjs';
import { step, write } from './step.mjs';

/**
 * Finds the libtorch to build with, by the rules of lib/addon/locate-libtorch.ts, or fetches it into the cache.
 *
 * @returns {Promise<{ libtorch: { folder: string, version: string, rule: string }, fetched: boolean }>}
 */
export async function ensureLibtorch() {
  const { locateLibtorch } = await import(join(distFolder, 'addon', 'locate-libtorch.js'));
  const options = { forBuilding: true, buildRecord: join(releaseFolder, 'libtorch.json') };
  try {
    return { libtorch: locateLibtorch(options), fetched: false };
  } catch (error) {
    // What a person asked for by hand is not replaced by a download.
    if (error.code !== 'ERR_LOAD' || process.env.GPTORCH_LIBTORCH || process.env.LIBTORCH) throw asFailure(error);
    const notUsable = error.message.split('\n').filter((line) => line.startsWith('  '));
    for (const line of notUsable) write(`libtorch: not used:${line.trimEnd()}`);
  }
  const { installLibtorch } = await import(join(distFolder, 'addon', 'install', 'install-libtorch.js'));
  await step('libtorch', 'fetching the CPU build (about 200 MB)', async (report) => {
    await installLibtorch({ onProgress: (progress) => report(describe(progress)) }).catch((error) => {
      throw asFailure(error);
    });
  });
  return { libtorch: locateLibtorch(options), fetched: true };
}

function describe({ what, done, total }) {
  const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
  if (done === undefined) return what;
  return total === undefined ? `${what} ${megabytes(done)}` : `${what} ${megabytes(done)} of ${megabytes(total)}`;
}

function asFailure(error) {
  if (error.code !== 'ERR_LOAD') return error;
  return new Failure(error.message, { command: 'GPTORCH_LIBTORCH=<folder with include/ and lib/> npm run build' });
}
