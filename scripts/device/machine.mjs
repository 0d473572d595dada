import { availableParallelism, cpus } from 'node:os';
import { outputOf } from '../bootstrap/commands.mjs';

/** What figures mean something with; null where it cannot be had. */
export function machineOf({ device }) {
  const gpu = outputOf('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader']);
  return {
    date: new Date().toISOString().slice(0, 10),
    device,
    gpu: gpu?.split('\n') ?? null,
    processor: cpus()[0]?.model.trim() ?? null,
    cores: availableParallelism(),
    node: process.versions.node,
    torch: outputOf('python3', ['-c', 'import torch; print(torch.__version__)']) ?? null,
    nvcc: /release (\d+\.\d+)/.exec(outputOf(process.env.CUDACXX ?? 'nvcc', ['--version']) ?? '')?.[1] ?? null,
  };
}
