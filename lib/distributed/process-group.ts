import { addon, type ProcessGroupHandle } from '../addon/index.js';
import { ArgumentError, ProcessGroupError } from '../errors.js';
import { scope, Tensor, tensor } from '../tensor/index.js';
import { forget, remember } from './open-groups.js';

/** Which processes work together, and how they find each other. */
export interface ProcessGroupOptions {
  /** This process's place, from 0 to `size` - 1; each has its own. */
  rank: number;
  /** Processes in all. */
  size: number;
  /** Name or address of the machine that rank 0 runs on. Default "127.0.0.1". */
  address?: string | undefined;
  /** A free port of that machine; the same for all ranks. Default 29500. */
  port?: number | undefined;
  /** Where the tensors of collectives lie. Default "cpu", the only one so far. */
  device?: string | undefined;
  /** Seconds to wait for the other ranks to start. Default 300. */
  joinTimeout?: number | undefined;
  /** Seconds that a collective waits for the other ranks. Default 1800. */
  timeout?: number | undefined;
  /** Somebody else, such as torchrun's agent, already keeps c10d's store at the port. Default false: rank 0 does. */
  storeIsRunning?: boolean | undefined;
  /** Tells groups that meet in one store apart. Default "default". */
  name?: string | undefined;
}

const MEGABYTE = 1024 * 1024;
/** Bytes of gradients that travel together: PyTorch's DDP takes as many. */
const BUCKET_BYTES = 25 * MEGABYTE;

/**
 * Processes that compute together, each on its part: data-parallel training sums their gradients. The transport is
 * libtorch's own (c10d with gloo).
 *
 * Every rank must make the same calls in the same order, with tensors of the same shapes. Calls are queued like all others;
 * the engine of each rank waits at a call until the others have come to it. When a rank is gone, or does not come within
 * `timeout`, the call fails with `ProcessGroupError`, and the group is of no more use.
 */
export class ProcessGroup {
  /** This process's place among the ranks. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
  readonly #handle: ProcessGroupHandle;
  readonly #device: string;

  private constructor({ rank, size, device = 'cpu', ...rest }: ProcessGroupOptions) {
    const { address = '127.0.0.1', port = 29500, joinTimeout = 300, timeout = 1800 } = rest;
    const { storeIsRunning = false, name = 'default' } = rest;
    this.rank = rank;
    this.size = size;
    this.#device = device;
    this.#handle = addon.createGroup({
      ...{ rank, size, address, port, device, joinTimeout, timeout, storeIsRunning, name },
    });
  }

  /**
   * Meets the other ranks. Resolves on all of them once all are there.
   * @throws ProcessGroupError when the port is taken, a rank does not come in time, two have one rank, or their sizes differ
   * @throws ArgumentError on an option out of range
   */
  static async join(options: ProcessGroupOptions): Promise<ProcessGroup> {
    const { rank, size, port = 29500, joinTimeout = 300, timeout = 1800 } = options;
    checkInteger('size', size, 1, 65_536);
    checkInteger('rank', rank, 0, size - 1);
    checkInteger('port', port, 1, 65_535);
    for (const [name, seconds] of Object.entries({ joinTimeout, timeout })) {
      if (!(seconds > 0 && seconds <= 1e8))
        throw new ArgumentError(`ProcessGroup: ${name} is ${seconds}; allowed: seconds above 0, up to 1e8`);
    }
    const group = new ProcessGroup(options);
    remember(group.#handle);
    const met = new Tensor(addon.functions.joinGroup(group.#handle));
    try {
      await met.item();
      return group;
    } catch (error) {
      forget(group.#handle);
      throw error;
    } finally {
      met.dispose();
    }
  }

  /** The sum of all ranks' tensors, the same to the last bit on each. Without a derivative. */
  allReduce(input: Tensor): Tensor {
    return new Tensor(addon.functions.allReduce(this.#handle, input.handle));
  }

  /** All ranks' tensors (…), one after the other: (size, …). Without a derivative. */
  allGather(input: Tensor): Tensor {
    return new Tensor(addon.functions.allGather(this.#handle, input.handle));
  }

  /** Gives tensors, parameters among them, the values that they have on one rank, in place. @param root default 0 */
  broadcast(tensors: readonly Tensor[], { root = 0 }: { root?: number } = {}): void {
    if (tensors.length === 0) return;
    const handles = tensors.map(({ handle }) => handle);
    addon.functions.broadcast(this.#handle, addon.tensorList(handles), root);
  }

  /**
   * Adds up the gradients of parameters over all ranks, between `backward()` and the optimizer's step. It is a sum: divide
   * each rank's loss by the number of tokens or examples of all ranks together, and the sum is the gradient of the mean.
   * Where no rank has a gradient there is none afterwards.
   * @param bucketBytes how much travels together. Default 25 MiB.
   */
  reduceGradients(parameters: readonly Tensor[], { bucketBytes = BUCKET_BYTES }: { bucketBytes?: number } = {}): void {
    const handles = parameters.map(({ handle }) => handle);
    if (handles.length > 0) addon.functions.reduceGradients(this.#handle, addon.tensorList(handles), bucketBytes);
  }

  /** Sums of numbers over all ranks, each in its place; computed in float64. */
  async sum(values: readonly number[]): Promise<number[]> {
    const sums = scope(() => this.allReduce(tensor(Float64Array.from(values), { device: this.#device })));
    const read = await sums.toArray();
    sums.dispose();
    return Array.from(read, Number);
  }

  /** Numbers of each rank, as many as it has, in the order of the ranks. */
  async gather(values: readonly number[]): Promise<number[][]> {
    const lengths = await this.#gatherEqual([values.length]);
    const counts = lengths.map(([length = 0]) => length);
    const longest = Math.max(...counts);
    if (longest === 0) return counts.map(() => []);
    const padded = [...values, ...new Array<number>(longest - values.length).fill(0)];
    const rows = await this.#gatherEqual(padded);
    return rows.map((row, rank) => row.slice(0, counts[rank]));
  }

  /**
   * Makes sure that tensors are the same on all ranks, to the last bit.
   * @param what they are, for the error
   * @throws ProcessGroupError naming the ranks whose tensors differ from rank 0's
   */
  async checkSame(tensors: readonly Tensor[], what: string): Promise<void> {
    const sums = scope(() => {
      const own = addon.functions.checksum(addon.tensorList(tensors.map(({ handle }) => handle)));
      return this.allGather(new Tensor(own).to({ device: this.#device }));
    });
    const checksums = Array.from(await sums.toArray(), String);
    sums.dispose();
    const others = checksums.flatMap((sum, rank) => (sum === checksums[0] ? [] : [rank]));
    if (others.length === 0) return;
    throw new ProcessGroupError(
      `rank ${this.rank}: ${what} differ between ranks: ${others.join(', ')} from 0. The ranks did not compute the same; ` +
        'do all run the same gptorch and libtorch on the same kind of processor?',
    );
  }

  /** Resolves when all ranks have come here and all that each queued before is done. */
  async barrier(): Promise<void> {
    await this.sum([0]);
  }

  /** Leaves the group, when all ranks do: a rank that is behind the others can still finish. */
  async close(): Promise<void> {
    try {
      await this.barrier();
    } finally {
      this.abandon();
    }
  }

  /** Leaves the group at once, as after an error: the other ranks' calls fail. */
  abandon(): void {
    forget(this.#handle);
    addon.functions.leaveGroup(this.#handle);
  }

  async #gatherEqual(values: readonly number[]): Promise<number[][]> {
    const all = scope(() => this.allGather(tensor(Float64Array.from(values), { device: this.#device })));
    const flat = Array.from(await all.toArray(), Number);
    all.dispose();
    return Array.from({ length: this.size }, (_, rank) => flat.slice(rank * values.length, (rank + 1) * values.length));
  }
}

function checkInteger(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new ArgumentError(`ProcessGroup: ${name} is ${value}; allowed: whole numbers from ${low} to ${high}`);
}
