import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { distFolder } from '../bootstrap/paths.mjs';

/** The library as built, not its sources: what users run. */
export const gptorch = await import(join(distFolder, 'index.js'));

/** What figures mean something with. */
export function machine() {
  const { engine } = gptorch;
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    instructionSet: engine.capability,
    torch: engine.torchVersion,
    node: process.versions.node,
    /** Running processes, mean of the last minute, before the measurement: above 0 others shared the machine. */
    load: Number(loadavg()[0].toFixed(1)),
  };
}

/**
 * How OpenMP's threads wait, the same in every process: gptorch shortens libgomp's spinning where nobody set it, PyTorch
 * in Python does not, and a peer that spins while it waits for its turn would slow the others.
 *
 * @param {number} threads
 */
export function openMpSettings(threads) {
  return {
    OMP_NUM_THREADS: String(threads),
    MKL_NUM_THREADS: String(threads),
    GOMP_SPINCOUNT: process.env.GOMP_SPINCOUNT ?? '1000',
  };
}
