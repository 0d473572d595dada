import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from './addon-folder.js';
import type { LibtorchDevice } from './libtorch-files.js';
import { readBuildRecord } from './locate-libtorch.js';
import { isCompatibleTorch } from './torch-version.js';

/** The library with our operators' CUDA kernels; it registers them when it is opened, and nothing links it. */
export const cudaOperatorsFile = 'libgptorch_ops_cuda.so';

/** What became of our CUDA kernels: the library that was opened, or why none was. */
export type CudaOperators = { file: string } | { problem: string };

/**
 * Opens libtorch's libraries and behind them our CUDA kernels, where libtorch is opened for CUDA. Without the kernels libtorch
 * still serves the CPU, so their absence is told to whoever asks for a CUDA device, not here.
 *
 * @param open opens each library in order, all or, where it throws, as if none
 * @param folders where the kernels are looked for, in order
 */
export function openWithCudaOperators(
  open: (paths: string[]) => void,
  libraries: string[],
  libtorch: { version: string; device: LibtorchDevice },
  folders: readonly string[],
): CudaOperators {
  const found =
    libtorch.device === 'cuda' ? findCudaOperators(folders, libtorch.version) : { problem: 'not looked for' };
  if ('problem' in found) {
    open(libraries);
    return found;
  }
  try {
    open([...libraries, found.file]);
    return found;
  } catch (cause) {
    // Whose fault it was shows here: libtorch's own libraries fail again.
    open(libraries);
    return { problem: cause instanceof Error ? cause.message : String(cause) };
  }
}

function findCudaOperators(folders: readonly string[], torchVersion: string): CudaOperators {
  const problems: string[] = [];
  for (const folder of folders) {
    const file = join(folder, cudaOperatorsFile);
    if (!existsSync(file)) continue;
    const compiled = compiledAgainst(folder);
    if (compiled === undefined || isCompatibleTorch(compiled, torchVersion)) return { file };
    problems.push(`${file} was compiled against libtorch ${compiled}, not ${torchVersion}`);
  }
  return { problem: problems.join('; ') || `there is no ${cudaOperatorsFile} in ${folders.join(' or ')}` };
}

/** A build's folder says it in libtorch.json, a package in its package.json. */
function compiledAgainst(folder: string): string | undefined {
  const built = readBuildRecord(join(folder, 'libtorch.json'))?.version;
  return built ?? (existsSync(join(folder, 'package.json')) ? readManifest(folder).gptorch?.libtorch : undefined);
}
