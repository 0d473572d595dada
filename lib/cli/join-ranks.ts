import { availableParallelism } from 'node:os';
import type { ProcessGroup } from '../distributed/index.js';
import { DeviceError, InputError } from '../errors.js';
import type { CommonOptions } from './common-options.js';
import { stopWithLauncher } from './launch/launched.js';
import { setUpEngine } from './set-up-engine.js';

/** How a training command runs in this process. */
export interface RankSetUp<Options> {
  device: string;
  /** The command's options; what is not rank 0's to tell is left out. */
  options: Options;
  /** Undefined for a process by itself. */
  group: ProcessGroup | undefined;
}

/**
 * Sets up engine and device, and meets the other ranks where the environment names some (`gptorch launch`, torchrun). A
 * machine's ranks share its cores, unless `--threads` or OMP_NUM_THREADS says otherwise.
 * @throws InputError for a wrong environment, DeviceError for a device that ranks cannot have, ProcessGroupError
 */
export async function joinRanks<Options extends CommonOptions>(options: Options): Promise<RankSetUp<Options>> {
  const { ProcessGroup, readRankEnvironment } = await import('../distributed/index.js');
  const ranks = readRankEnvironment();
  if (ranks === undefined) return { device: await setUpEngine(options), options, group: undefined };
  stopWithLauncher();
  const { localRank: _, localSize, ...meeting } = ranks;
  const isFirst = ranks.rank === 0;
  const quiet = isFirst ? options.quiet : true;
  const device = await setUpEngine({ ...options, quiet, threads: options.threads ?? coresOf(localSize) });
  if (device !== 'cpu') throw noSeveralDevices(options.device, ranks.size);
  const group = await ProcessGroup.join({ ...meeting, device });
  return { device, options: { ...options, quiet }, group };
}

/** Each rank's share of the machine; undefined where OMP_NUM_THREADS has the say. */
function coresOf(localSize: number): number | undefined {
  if (process.env.OMP_NUM_THREADS !== undefined) return undefined;
  return Math.max(1, Math.floor(availableParallelism() / localSize));
}

function noSeveralDevices(wanted: string, size: number): DeviceError | InputError {
  const told = `training in ${size} processes is for the CPU so far: one process, without launch, trains on a GPU`;
  return wanted === 'auto' ? new InputError(`${told}; or give --device cpu`) : new DeviceError(told);
}
