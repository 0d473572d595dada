import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LoadError } from '../../errors.js';
import { cacheFolder } from '../cache-folder.js';
import { hasLibraries } from '../libtorch-files.js';
import { fetchedTorch } from '../torch-version.js';
import { downloadWheel } from './download.js';
import { findWheel } from './find-wheel.js';
import { cpuWheelIndex } from './libtorch-sources.js';
import { runPip } from './pip.js';
import { unzip } from './unzip.js';

export interface InstallOptions {
  env?: NodeJS.ProcessEnv;
  /** CUDA's libtorch with what it needs (several GB); it takes pip. Default: the CPU's. */
  cuda?: boolean;
  /** Called with a line about what goes on, some times a second at most. */
  onProgress?: (text: string) => void;
}

/** What of a wheel is kept: libraries, headers, CMake files, and the file that tells the version. */
const kept = /^(torch\/(include|lib|share)\/|torch\/version\.py$|torch\.libs\/)/;

/**
 * Puts libtorch into gptorch's cache and returns its folder; one that is there already is left as it is. It comes from pip's
 * index, else from PyTorch's own; with `GPTORCH_LIBTORCH_URL` from there alone. A broken download leaves nothing behind.
 *
 * @throws LoadError when no source has it; the message has each one's reason.
 */
export async function installLibtorch(options: InstallOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const cache = cacheFolder(env);
  const target = join(cache, `libtorch-${fetchedTorch}-${options.cuda ? 'cuda' : 'cpu'}`);
  const folder = join(target, 'torch');
  if (hasLibraries(folder)) return folder;

  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, '.libtorch-'));
  try {
    const unpacked = join(temporary, 'unpacked');
    if (options.cuda) await installCuda(unpacked, temporary, env, options.onProgress);
    else await installCpu(unpacked, temporary, env, options.onProgress);
    if (!hasLibraries(join(unpacked, 'torch'))) throw new LoadError('The wheel of torch has no libtorch in it.');
    await rm(target, { recursive: true, force: true });
    await rename(unpacked, target).catch((cause: unknown) => {
      if (!hasLibraries(folder)) throw cause; // otherwise another process was faster
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

async function installCpu(
  unpacked: string,
  temporary: string,
  env: NodeJS.ProcessEnv,
  onProgress: (text: string) => void = () => {},
): Promise<void> {
  const reasons: string[] = [];
  const sources = env.GPTORCH_LIBTORCH_URL ? [fromIndex] : [fromPip, fromIndex];
  for (const source of sources) {
    try {
      const wheel = await source(temporary, env, onProgress);
      onProgress('unpacking');
      await unzip(wheel, unpacked, (name) => kept.test(name));
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

/** Returns the file of the downloaded wheel. */
async function fromPip(temporary: string, env: NodeJS.ProcessEnv, onProgress: (text: string) => void): Promise<string> {
  const requirement = process.platform === 'darwin' ? `torch==${fetchedTorch}` : `torch==${fetchedTorch}+cpu`;
  const destination = join(temporary, 'pip');
  // pip writes its partial file to TMPDIR, which may be too small for it.
  const stop = reportGrowth(temporary, onProgress);
  try {
    const args = ['download', '--no-deps', '--only-binary=:all:', '--dest', destination, requirement];
    await runPip(args, { ...env, TMPDIR: temporary });
  } finally {
    stop();
  }
  const file = (await readdir(destination)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new LoadError('pip downloaded no wheel');
  return join(destination, file);
}

async function fromIndex(
  temporary: string,
  env: NodeJS.ProcessEnv,
  onProgress: (text: string) => void,
): Promise<string> {
  const wheel = await findWheel(env.GPTORCH_LIBTORCH_URL || cpuWheelIndex, fetchedTorch);
  const file = join(temporary, 'torch.whl');
  let reported = 0;
  await downloadWheel(wheel, file, (received, total) => {
    if (received - reported < 1e6) return;
    reported = received;
    onProgress(`${megabytes(received)}${total === undefined ? '' : ` of ${megabytes(total)}`}`);
  });
  return file;
}

async function installCuda(
  unpacked: string,
  temporary: string,
  env: NodeJS.ProcessEnv,
  onProgress: (text: string) => void = () => {},
): Promise<void> {
  const stop = reportGrowth(temporary, onProgress);
  try {
    // `===` compares as text: it takes the plain version, which is CUDA's, where `==` would take `+cpu` too.
    await runPip(['install', '--target', unpacked, `torch===${fetchedTorch}`], { ...env, TMPDIR: temporary });
  } finally {
    stop();
  }
}

/** pip tells its progress to terminals only, so the folder is watched instead. Returns a function that stops it. */
function reportGrowth(folder: string, onProgress: (text: string) => void): () => void {
  const timer = setInterval(() => onProgress(megabytes(sizeOf(folder))), 1000);
  timer.unref();
  return () => clearInterval(timer);
}

function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(
    (entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
