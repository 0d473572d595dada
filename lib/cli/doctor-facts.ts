import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { cacheFolder } from '../addon/cache-folder.js';
import { hasNvidiaDriver } from '../addon/locate-libtorch.js';
import { findOnPath } from '../addon/python-torch.js';

/** What is asked for when something does not work. A missing thing is null. */
export interface MachineFacts {
  node: { version: string; nodeApi: string; path: string };
  platform: { name: string; arch: string; kernel: string; glibc: string | null };
  cpu: { model: string; cores: number; flags: string[] };
  threads: { OMP_NUM_THREADS: string | null; MKL_NUM_THREADS: string | null };
  tools: { compiler: string | null; python: string | null; cmake: string | null; ninja: string | null };
  cuda: { driver: string | null };
  cache: { folder: string; holds: string[] };
}

export function machineFacts(env: NodeJS.ProcessEnv = process.env): MachineFacts {
  const cache = cacheFolder(env);
  return {
    node: { version: process.versions.node, nodeApi: process.versions.napi ?? '', path: process.execPath },
    platform: { name: process.platform, arch: process.arch, kernel: release(), glibc: glibcVersion() },
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism(), flags: cpuFlags() },
    threads: { OMP_NUM_THREADS: env.OMP_NUM_THREADS ?? null, MKL_NUM_THREADS: env.MKL_NUM_THREADS ?? null },
    tools: {
      compiler: firstLine(env.CXX || 'c++'),
      python: describePython(env),
      cmake: firstLine('cmake'),
      ninja: firstLine('ninja'),
    },
    cuda: { driver: driverVersion() },
    cache: {
      folder: cache,
      holds: existsSync(cache) ? readdirSync(cache).filter((name) => !name.startsWith('.')) : [],
    },
  };
}

/** The instruction sets that decide which of libtorch's kernels run. */
function cpuFlags(): string[] {
  const text = read('/proc/cpuinfo');
  const flags = new Set((/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1] ?? '').trim().split(/\s+/));
  const telling = [
    'avx2',
    'fma',
    'f16c',
    'avx512f',
    'avx512_vnni',
    'avx512_bf16',
    'amx_bf16',
    'asimd',
    'bf16',
    'i8mm',
    'sve',
  ];
  return telling.filter((flag) => flags.has(flag));
}

function glibcVersion(): string | null {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime ?? null;
}

function describePython(env: NodeJS.ProcessEnv): string | null {
  const path = findOnPath('python3', env);
  const version = path && firstLine(path);
  return version ? `${version} (${path})` : null;
}

/** `NVRM version: …` where the kernel module says it; `present` where only the device is there. */
function driverVersion(): string | null {
  if (!hasNvidiaDriver()) return null;
  return /Kernel Module\S*\s+(?:for \S+\s+)?([\d.]+)/.exec(read('/proc/driver/nvidia/version'))?.[1] ?? 'present';
}

function firstLine(command: string): string | null {
  try {
    const output = execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output.split('\n')[0]?.trim() ?? null;
  } catch {
    return null;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
