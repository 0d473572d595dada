import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export type LibtorchDevice = 'cpu' | 'cuda';

const suffix = process.platform === 'darwin' ? 'dylib' : 'so';

/** Full path of a library of libtorch: `library(folder, 'torch_cpu')`. */
export function libraryPath(folder: string, name: string): string {
  return join(folder, 'lib', `lib${name}.${suffix}`);
}

/** True when `folder` holds libraries that a process can run on. */
export function hasLibraries(folder: string): boolean {
  return existsSync(libraryPath(folder, 'c10')) && existsSync(libraryPath(folder, 'torch_cpu'));
}

/** True when `folder` holds the headers that the addon is compiled with. */
export function hasHeaders(folder: string): boolean {
  return existsSync(join(folder, 'include', 'ATen', 'ATen.h'));
}

/** True when `folder` holds a CUDA build. */
export function hasCuda(folder: string): boolean {
  return existsSync(libraryPath(folder, 'torch_cuda'));
}

/**
 * The libraries to open, by full path and in order: each one's dependencies stand before it. What lies elsewhere (cuBLAS, cuDNN)
 * is found by the run path of the wheel's libraries.
 */
export function librariesToOpen(folder: string, device: LibtorchDevice): string[] {
  // Wheels for some machines keep what they bundle in torch.libs/ beside torch/.
  const bundled = [join(folder, 'lib'), join(dirname(folder), 'torch.libs')];
  const openmp = bundled.flatMap((each) => filesMatching(each, /^lib(g|i)?omp[.-].*(so|dylib)/));
  const cudaRuntime = hasCuda(folder) ? cudaRuntimeFiles(folder) : [];
  const cpu = ['c10', 'torch_cpu'].map((name) => libraryPath(folder, name));
  const cuda = device === 'cuda' ? ['c10_cuda', 'torch_cuda'].map((name) => libraryPath(folder, name)) : [];
  return [...openmp, ...cudaRuntime, ...cpu, ...cuda];
}

/** A CUDA build's libtorch_cpu needs these two; pip puts them in packages beside torch. */
function cudaRuntimeFiles(folder: string): string[] {
  const packages = join(dirname(folder), 'nvidia');
  const folders = [join(folder, 'lib'), ...listFolder(packages).map((name) => join(packages, name, 'lib'))];
  const found = folders.flatMap((each) => filesMatching(each, /^lib(cudart|cupti).*\.so\.\d+/));
  return found.sort((a, b) => basename(a).localeCompare(basename(b)));
}

function filesMatching(folder: string, pattern: RegExp): string[] {
  return listFolder(folder)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name));
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
