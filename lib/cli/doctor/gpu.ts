import { existsSync } from 'node:fs';
import { hasNvidiaDriver } from '../../addon/locate-libtorch.js';
import { outputOf, readIfThere } from './ask.js';

export interface GpuFacts {
  /** The kernel module's version; `present` where only the device is there. */
  driver: string | null;
  /** The driver's library, which a container may lack although the device is there. */
  libcuda: string | null;
  /** nvidia-smi's rows: name, driver, memory, compute capability. */
  devices: string[];
}

const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/lib/wsl/lib', '/usr/local/nvidia/lib64'];

export function gpuFacts(): GpuFacts {
  const query = ['--query-gpu=name,driver_version,memory.total,compute_cap', '--format=csv,noheader'];
  const libcuda = places.map((folder) => `${folder}/libcuda.so.1`).find((file) => existsSync(file));
  return {
    driver: driverVersion(),
    libcuda: libcuda ?? null,
    devices: outputOf('nvidia-smi', query)?.split('\n').filter(Boolean) ?? [],
  };
}

/** From `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06 …`. */
function driverVersion(): string | null {
  if (!hasNvidiaDriver()) return null;
  return (
    /Kernel Module\S*\s+(?:for \S+\s+)?([\d.]+)/.exec(readIfThere('/proc/driver/nvidia/version'))?.[1] ?? 'present'
  );
}
