import { addon, cudaFacts, libtorch, type Memory, whyNoCuda } from '../addon/index.js';
import { ArgumentError, DeviceError } from '../errors.js';
import { capturingGenerator } from './capturing.js';
import { Generator, type GeneratorState } from './generator.js';
import { capture, type Graph } from './graph.js';

/**
 * The one thread that makes every libtorch call of this process, as this JavaScript thread sees it.
 * Calls on tensors queue work here and return at once; reading a value waits for it.
 */
export class Engine {
  /** Where dropout and random tensors draw from unless a call names a generator of its own. */
  readonly generator = new Generator();
  /** GPUs that were found usable: each call with a device asks. */
  readonly #usable = new Set<string>();

  /** Settles when all that was queued so far is done. @throws the first failure that no awaited value has reported. */
  idle(): Promise<void> {
    return addon.engine.idle();
  }

  /** Settles when the queue has room again: what to await after `EngineQueueFullError`. */
  drained(): Promise<void> {
    return addon.engine.drained();
  }

  /**
   * Records the calls on tensors that `fn` makes, instead of queueing them: nothing is computed. `replay()` of the result makes
   * them all as one operation of the queue, with no JavaScript between; on a GPU the third replay records its launches in a CUDA
   * graph, and from then on a replay is a single launch. (Not where gradients outlast it, as without a `zeroGrad` at its end, or
   * stand there before it: all its calls are made each time then.)
   *
   * What changes from replay to replay stands in tensors that were made before: overwrite them with `copyFrom` or `fill`.
   * Numbers given to calls, and shapes, stay as they were. Dropout is drawn anew by each replay. `fn` is a `scope`: of what it makes
   * only the tensors that it returns (or gives to `keep`) live on.
   *
   * @throws ArgumentError for what a replay could not do anew, inside `fn`: reading a value, data from JavaScript or a file
   * (`tensor`), random numbers other than dropout's, making modules, decoders, another capture, freeing or using tensors of
   * elsewhere or of another device; and when `fn` returns a promise. When `fn` throws, nothing has happened.
   */
  capture<T>(fn: () => T): Graph<T> {
    return capture(this.generator, fn);
  }

  /** Whether a function is being captured. */
  get capturing(): boolean {
    return capturingGenerator() !== undefined;
  }

  /** Whether replays on this device ("cpu", "cuda:N") become single launches. */
  hasGraphs(device: string): boolean {
    return addon.hasDeviceGraphs(device);
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

  /** Names of the GPUs that NVIDIA's driver shows, `cuda:0` first; none without a driver. */
  deviceNames(): string[] {
    return addon.engine.cudaDriver().devices;
  }

  /**
   * Turns "auto", "cpu", "cuda" or "cuda:N" into the device to use. `auto` takes CUDA where it is usable.
   * @throws DeviceError when CUDA is asked for and cannot be used; it says what is missing. Never falls back in silence.
   * @throws ArgumentError for another word.
   */
  device(wanted: string): string {
    if (wanted === 'cpu' || this.#usable.has(wanted)) return wanted;
    if (wanted === 'auto')
      return addon.engine.cudaDevices() > 0 && addon.engine.cudaKernels().length > 0 ? 'cuda:0' : 'cpu';
    const match = /^cuda(?::(\d+))?$/.exec(wanted);
    if (!match) throw new ArgumentError(`unknown device "${wanted}"; it is auto, cpu, cuda or cuda:N`);
    const index = Number(match[1] ?? 0);
    const problem = whyNoCuda(cudaFacts(), index);
    if (problem !== undefined) throw new DeviceError(`device ${wanted} cannot be used: ${problem}`);
    const device = `cuda:${index}`;
    this.#usable.add(device);
    return device;
  }

  /**
   * What a person should hear of the device that `auto` gave: the GPU, or why one that the driver shows is not used. Undefined
   * where no GPU was to be expected.
   */
  explainAuto(): string | undefined {
    const device = this.device('auto');
    const facts = cudaFacts();
    const { devices, problem } = facts.driver;
    if (device !== 'cpu') return `device ${device}: ${devices[0] ?? 'unknown'}`;
    const shows = facts.driver.version !== undefined && (devices.length > 0 || problem !== undefined);
    return shows ? `device cpu: ${whyNoCuda(facts) ?? 'no GPU is used'}` : undefined;
  }
}

/** This thread's engine. */
export const engine = new Engine();
