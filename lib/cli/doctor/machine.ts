import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { cacheFolder } from '../../addon/cache-folder.js';
import { thisMachine } from '../../addon/machine.js';
import { findOnPath } from '../../addon/python-torch.js';
import { firstLineOf, readIfThere } from './ask.js';

/** The machine, as far as it decides what runs and how fast. A missing thing is null. */
export interface MachineFacts {
  node: { version: string; nodeApi: string; modules: string; path: string };
  platform: { name: string; arch: string; kernel: string; system: string | null; glibc: string | null };
  cpu: { model: string; cores: number; usable: number; flags: string[] };
  /** Bytes. `limit` is a container's; `free` is left within it. */
  memory: { total: number; limit: number | null; free: number; diskFree: number | null };
  tools: { compiler: string | null; python: string | null; cmake: string | null; ninja: string | null };
}

export function machineFacts(env: NodeJS.ProcessEnv): MachineFacts {
  const { platform, arch, glibc } = thisMachine();
  const { node, napi = '', modules } = process.versions;
  const limit = process.constrainedMemory();
  return {
    node: { version: node, nodeApi: napi, modules, path: process.execPath },
    platform: { name: platform, arch, kernel: release(), system: systemName(), glibc: glibc ?? null },
    cpu: {
      model: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      usable: availableParallelism(),
      flags: cpuFlags(),
    },
    memory: {
      total: totalmem(),
      // Without a limit Node gives 0 or a number beyond all memory.
      limit: limit > 0 && limit < totalmem() ? limit : null,
      free: process.availableMemory(),
      diskFree: diskFree(cacheFolder(env)),
    },
    tools: {
      compiler: firstLineOf(env.CXX || 'c++'),
      python: describePython(env),
      cmake: firstLineOf('cmake'),
      ninja: firstLineOf('ninja'),
    },
  };
}

function systemName(): string | null {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readIfThere('/etc/os-release'))?.[1] ?? null;
}

const telling =
  'avx avx2 fma f16c avx512f avx512_vnni avx512_bf16 avx_vnni amx_bf16 amx_int8 asimd bf16 i8mm sve'.split(' ');

/** The instruction sets that decide which of libtorch's and our kernels run. */
function cpuFlags(): string[] {
  const text = readIfThere('/proc/cpuinfo');
  const flags = new Set((/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1] ?? '').trim().split(/\s+/));
  return telling.filter((flag) => flags.has(flag));
}

function describePython(env: NodeJS.ProcessEnv): string | null {
  const path = findOnPath('python3', env);
  const version = path && firstLineOf(path);
  return version ? `${version} (${path})` : null;
}

/** Null before there is a cache. */
function diskFree(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
