import { addon, libtorch, type Memory } from '../addon/index.js';
import { ArgumentError, DeviceError } from '../errors.js';
import { Generator, type GeneratorState } from './generator.js';

/**
 * The one thread that makes every libtorch call of this process, as this JavaScript thread sees it.
 * Calls on tensors queue work here and return at once; reading a value waits for it.
 */
export class Engine {
  /** Where dropout and random tensors draw from unless a call names a generator of its own. */
  readonly generator = new Generator();

  /** Settles when all that was queued so far is done. @throws the first failure that no awaited value has reported. */
  idle(): Promise<void> {
    return addon.engine.idle();
  }

  /** Settles when the queue has room again: what to await after `EngineQueueFullError`. */
  drained(): Promise<void> {
    return addon.engine.drained();
  }

  /** Operations that wait. */
  get queued(): number {
    return addon.engine.queued();
  }

  /** Bounds the queue. Default 16,384 operations and 1 GiB of uploads. */
  setLimits({ operations, bytes }: { operations: number; bytes: number }): void {
    addon.engine.setLimits(operations, bytes);
  }

  /** Threads that libtorch computes with. */
  get threads(): number {
    return addon.engine.threads();
  }

  /** Sets the threads that libtorch computes with. */
  setThreads(count: number): void {
    if (!Number.isInteger(count)) throw new ArgumentError(`threads must be a whole number, not ${count}`);
    addon.engine.setThreads(count);
  }

  /** Bytes of tensors in main memory. */
  memory(): Memory {
    return addon.engine.memory();
  }

  /** Begins to look for the highest use of memory anew. */
  resetMemoryPeak(): void {
    addon.engine.resetMemoryPeak();
  }

  /** Gives the memory kept for further allocations back to the system. */
  trimMemory(): void {
    addon.engine.trimMemory();
  }

  /** Limits the bytes of tensors in main memory; beyond it operations fail with OutOfMemoryError. 0: no limit. */
  setMemoryBudget(bytes: number): void {
    addon.engine.setMemoryBudget(bytes);
  }

  /** Seeds this thread's generator. */
  seed(seed: number): void {
    this.generator.restore({ seed, step: 0, ordinal: 0 });
  }

  /** Makes randomness a function of the step alone: what exact resume rests on. */
  setStep(step: number): void {
    this.generator.setStep(step);
  }

  /** Where the random numbers of this thread stand. */
  generatorState(): GeneratorState {
    return this.generator.state();
  }

  /** Goes on where `generatorState` was taken. */
  setGeneratorState(state: GeneratorState): void {
    this.generator.restore(state);
  }

  /** The version of libtorch that runs. */
  get torchVersion(): string {
    return libtorch.version;
  }

  /** The instruction set of libtorch's kernels, as "AVX2". */
  get capability(): string {
    return addon.engine.capability;
  }

  /**
   * Turns "auto", "cpu", "cuda" or "cuda:N" into the device to use. `auto` takes CUDA where it is usable.
   * @throws DeviceError when CUDA is asked for and is not there; never falls back in silence.
   * @throws ArgumentError for another word.
   */
  device(wanted: string): string {
    if (wanted === 'cpu') return wanted;
    const devices = addon.engine.cudaDevices();
    if (wanted === 'auto') return devices > 0 ? 'cuda:0' : 'cpu';
    const match = /^cuda(?::(\d+))?$/.exec(wanted);
    if (!match) throw new ArgumentError(`unknown device "${wanted}"; it is auto, cpu, cuda or cuda:N`);
    const index = Number(match[1] ?? 0);
    if (index < devices) return `cuda:${index}`;
    const found = libtorch.device === 'cuda' ? `${devices} usable CUDA devices` : 'no CUDA: libtorch is a CPU build';
    throw new DeviceError(`device ${wanted} is not there: found ${found} (${libtorch.folder}); see gptorch doctor`);
  }
}

/** This thread's engine. */
export const engine = new Engine();
