import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../bootstrap/failure.mjs';
import { cacheFolder, distFolder } from '../bootstrap/paths.mjs';
import { run } from '../bootstrap/run.mjs';
import { step } from '../bootstrap/step.mjs';
import { kept, requirement, wheel } from './source.mjs';

/**
 * Headers and libraries of the CUDA build of torch, kept in the cache.
 *
 * @returns {Promise<string>} a folder with include/ and lib/
 */
export async function fetchTorch() {
  const folder = join(cacheFolder(), wheel.name.replace(/-cp.*/, '-cuda-link'));
  if (existsSync(folder)) return folder;
  mkdirSync(cacheFolder(), { recursive: true });
  const temporary = mkdtempSync(join(cacheFolder(), '.cuda-link-'));
  try {
    await step('cuda', `fetching the wheel of ${requirement} (about 530 MB)`, async (report) => {
      const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--dest', temporary];
      // The wheel is of no use afterwards, so pip need not keep it either.
      const env = { ...process.env, TMPDIR: temporary, PIP_NO_CACHE_DIR: '1' };
      await run('pip-cuda', 'python3', [...args, ...wheel.pip, requirement], { env, onLine: report });
      report('checking');
      await checkHash(join(temporary, wheel.name));
      report('unpacking');
      const { unzip } = await import(join(distFolder, 'addon', 'install', 'unzip.js'));
      await unzip(join(temporary, wheel.name), join(temporary, 'unpacked'), (name) => kept.test(name));
    });
    renameSync(join(temporary, 'unpacked', 'torch'), folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}

async function checkHash(file) {
  if (!existsSync(file)) throw new Failure(`pip downloaded another file than ${wheel.name}`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const found = hash.digest('hex');
  if (found !== wheel.sha256) throw new Failure(`${wheel.name}: SHA-256 is ${found}, but ${wheel.sha256} was expected`);
}
