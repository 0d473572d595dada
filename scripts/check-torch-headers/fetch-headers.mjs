import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, distFolder } from '../bootstrap/paths.mjs';
import { run } from '../bootstrap/run.mjs';
import { step } from '../bootstrap/step.mjs';

/**
 * The headers of one version of torch, from its wheel; kept in the cache.
 *
 * @param {string} version
 * @returns {Promise<string>} a folder with include/
 */
export async function fetchHeaders(version) {
  const folder = join(cacheFolder(), `torch-headers-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cacheFolder(), { recursive: true });
  const temporary = mkdtempSync(join(cacheFolder(), '.headers-'));
  try {
    await step('headers', `fetching the wheel of torch ${version}`, async (report) => {
      const args = [
        '-m',
        'pip',
        'download',
        '--no-deps',
        '--only-binary=:all:',
        '--dest',
        temporary,
        `torch==${version}`,
      ];
      // The wheel is of no use afterwards, so pip need not keep it either.
      const env = { ...process.env, TMPDIR: temporary, PIP_NO_CACHE_DIR: '1' };
      await run('pip-headers', 'python3', args, { env, onLine: report });
    });
    const wheel = readdirSync(temporary).find((name) => name.endsWith('.whl'));
    const { unzip } = await import(join(distFolder, 'addon', 'install', 'unzip.js'));
    const unpacked = join(temporary, 'unpacked');
    await unzip(join(temporary, wheel), unpacked, (name) => /^torch\/(include\/|version\.py$)/.test(name));
    renameSync(join(unpacked, 'torch'), folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}
