import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LoadError } from '../../errors.js';
import { fetchedTorch } from '../torch-version.js';
import { requireSpace } from './disk-space.js';
import { downloadWheel } from './download.js';
import { findWheel, isWheelAddress, type Wheel, wheelAt } from './find-wheel.js';
import { wheelIndexes } from './libtorch-sources.js';
import { type Requirement, requirementsOf } from './requirements.js';
import { isKept, type Source, type SourceOptions } from './source.js';
import { unzip } from './unzip.js';

/** A wheel unpacks to about this many times its size. */
const expansion = 3;

/** Of what torch needs, what its libraries need: the rest is Python. */
const isLibrary = (name: string): boolean => /^(nvidia-|cuda-toolkit$)/.test(name);

/** Fetches wheels from `GPTORCH_LIBTORCH_URL`, an index or a wheel, or from PyTorch's index; Python is not needed. */
export const fromIndex: Source = async (options) => {
  const { device, env, get } = options;
  const source = env.GPTORCH_LIBTORCH_URL || wheelIndexes[device];
  if (!URL.canParse(source)) {
    throw new LoadError(`GPTORCH_LIBTORCH_URL is ${JSON.stringify(source)}, which is no address (https://…).`);
  }
  if (isWheelAddress(source)) {
    if (device === 'cuda') {
      throw new LoadError(
        "GPTORCH_LIBTORCH_URL names one wheel; CUDA's libtorch needs an index that has NVIDIA's too.",
      );
    }
    await unpack(await fetchWheel(wheelAt(source), options), options);
    return;
  }
  // Wheels of plain macOS have no local part; CUDA's have one in PyTorch's index and none elsewhere.
  const cpu = process.platform === 'darwin' ? `==${fetchedTorch}` : `==${fetchedTorch}+cpu`;
  const specifier = device === 'cuda' ? `==${fetchedTorch},!=${fetchedTorch}+cpu` : cpu;
  const waiting: Requirement[] = [{ name: 'torch', specifier, extras: [] }];
  const seen = new Set<string>();
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const key = `${next.name}[${next.extras.join()}]`;
    if (seen.has(key)) continue;
    seen.add(key);
    const file = await fetchWheel(await findWheel(source, next, get), options);
    await unpack(file, options);
    if (device === 'cuda') {
      const needed = await requirementsOf(file, next.extras);
      waiting.push(...needed.filter(({ name }) => isLibrary(name)));
    }
  }
};

/** Returns the file. */
async function fetchWheel(wheel: Wheel, { downloads, get, report }: SourceOptions): Promise<string> {
  await mkdir(downloads, { recursive: true });
  const file = join(downloads, wheel.fileName);
  await downloadWheel(wheel, file, {
    get,
    onProgress: (done, total) => report({ what: wheel.fileName, done, total }),
    onLength: (missing, total) => requireSpace(downloads, missing + expansion * total),
  });
  return file;
}

async function unpack(file: string, { unpacked, report }: SourceOptions): Promise<void> {
  report({ what: `unpacking ${basename(file)}` });
  try {
    await unzip(file, unpacked, isKept);
  } catch (error) {
    // A damaged wheel would only be found again.
    await rm(file, { force: true });
    throw error;
  }
}
