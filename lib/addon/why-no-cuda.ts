import type { CudaDriver } from './addon.js';
import type { LibtorchDevice } from './libtorch-files.js';

/** What decides whether a CUDA device can be used. */
export interface CudaFacts {
  libtorch: {
    folder: string;
    version: string;
    /** What it was opened for. */
    device: LibtorchDevice;
    /** Why CUDA parts were passed over, as `Libtorch` has it. */
    rejected: readonly string[];
    /** Which of a CUDA build's own libraries are in its folder. */
    libraries: readonly string[];
    /** The CUDA that it was built with, such as `13.0`; undefined for a CPU build. */
    cuda: string | undefined;
  };
  driver: CudaDriver;
  /** Devices that libtorch sees. */
  devices: number;
  /** Why our own kernels are not loaded, or undefined. */
  operatorsProblem: string | undefined;
  env: NodeJS.ProcessEnv;
}

/** A CUDA build of libtorch cannot do without these. */
export const cudaLibraries = ['c10_cuda', 'torch_cuda'] as const;

/** The CUDA of the build that `gptorch install-libtorch --cuda` fetches, and the first Linux driver that runs it. */
const fetched = { cuda: '13.0', driver: '580' } as const;

/**
 * Why the CUDA device of an index cannot be used, and what to do about it; undefined where it can. What is missing is named from
 * the machine upwards: who has no GPU need not download gigabytes to hear so.
 */
export function whyNoCuda(facts: CudaFacts, index = 0): string | undefined {
  return (
    driverProblem(facts) ??
    libtorchProblem(facts) ??
    deviceProblem(facts) ??
    operatorsProblem(facts) ??
    indexProblem(facts, index)
  );
}

function driverProblem({ driver, libtorch, env }: CudaFacts): string | undefined {
  const needed = libtorch.cuda ?? fetched.cuda;
  const remedy = `install NVIDIA's driver for CUDA ${needed}${needed === fetched.cuda ? ` (${fetched.driver} or newer)` : ''}`;
  if (driver.version === undefined) return `there is no NVIDIA driver (${driver.problem ?? 'libcuda.so.1'}); ${remedy}`;
  if (driver.version < versionNumber(needed)) {
    return `NVIDIA's driver runs CUDA ${versionText(driver.version)} at most, libtorch needs ${needed}; ${remedy}`;
  }
  if (driver.problem !== undefined)
    return `NVIDIA's driver does not start: ${driver.problem}; see what nvidia-smi says`;
  if (driver.devices.length > 0) return undefined;
  const hidden = env.CUDA_VISIBLE_DEVICES;
  const why = hidden === undefined ? '' : ` with CUDA_VISIBLE_DEVICES=${hidden}`;
  return `NVIDIA's driver (CUDA ${versionText(driver.version)}) shows no GPU${why}`;
}

function libtorchProblem({ libtorch, env }: CudaFacts): string | undefined {
  const { folder, version, libraries, device } = libtorch;
  const missing = cudaLibraries.filter((name) => !libraries.includes(name));
  if (missing.length === cudaLibraries.length) {
    return `libtorch ${version} in ${folder} is a CPU build; run \`npx gptorch install-libtorch --cuda\` (several GB)`;
  }
  if (missing.length > 0) {
    return `libtorch ${version} in ${folder} lacks lib${missing.join(' and lib')}; run \`npx gptorch install-libtorch --cuda\``;
  }
  if (device === 'cuda') return undefined;
  const opened = `libtorch ${version} in ${folder} was opened for the CPU alone`;
  if ((env.GPTORCH_LIBTORCH || env.LIBTORCH) === 'cpu') return `${opened}, as GPTORCH_LIBTORCH=cpu asks for; unset it`;
  const trial = libtorch.rejected.map((line) => /its CUDA part does not work here: .*/.exec(line)?.[0]).find(Boolean);
  return `${opened}: ${trial ?? 'set GPTORCH_LIBTORCH=cuda to open it for CUDA'}`;
}

function deviceProblem({ devices, driver, libtorch }: CudaFacts): string | undefined {
  if (devices > 0) return undefined;
  const names = driver.devices.join(', ');
  return `libtorch ${libtorch.version} in ${libtorch.folder} can use none of the driver's GPUs (${names})`;
}

function operatorsProblem({ operatorsProblem: problem }: CudaFacts): string | undefined {
  if (problem === undefined) return undefined;
  return `gptorch's CUDA kernels are not loaded (${problem}); in a checkout run \`npm run build:cuda\``;
}

function indexProblem({ devices }: CudaFacts, index: number): string | undefined {
  if (index < devices) return undefined;
  return `there is only ${Array.from({ length: devices }, (_, i) => `cuda:${i}`).join(', ')}`;
}

/** `13.0` → 13000, as the driver counts. Any minor version of a driver runs all of its major version. */
function versionNumber(version: string): number {
  return Number(version.split('.')[0]) * 1000;
}

function versionText(number: number): string {
  return `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
}
