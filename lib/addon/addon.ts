/**
 * The native addon's surface as TypeScript sees it. Only `lib/tensor`, `lib/nn`, `lib/decode`, `lib/distributed`,
 * `lib/optim` and `lib/io` call it; everything above speaks of tensors and modules.
 */

declare const brand: unique symbol;

/** An opaque reference to something that lives on the engine thread. */
export interface TensorHandle {
  readonly [brand]: 'tensor';
}
export interface TensorListHandle {
  readonly [brand]: 'tensor list';
}
export interface ModuleHandle {
  readonly [brand]: 'module';
}
export interface TokenFileHandle {
  readonly [brand]: 'token file';
}
export interface DecoderHandle {
  readonly [brand]: 'decoder';
}
export interface GraphHandle {
  readonly [brand]: 'graph';
}
export interface RequestHandle {
  readonly [brand]: 'request';
}

export interface ProcessGroupHandle {
  readonly [brand]: 'process group';
}

/** The beginning, with what was kept of the prompt; one sample's next token, or its end. */
export type GenerationEvent =
  | { readonly cachedTokens: number }
  | {
      readonly sample: number;
      readonly token: number;
      readonly logProb?: number;
      readonly topLogProbs?: readonly { readonly token: number; readonly logProb: number }[];
    }
  | { readonly sample: number; readonly finishReason: 'stop' | 'length' | 'aborted' | 'timeout' };

/** The last token's hidden state, or the end of a request that was cancelled before. */
export type EmbeddingEvent = { readonly hidden: ArrayBuffer } | { readonly finishReason: 'aborted' };

/** What a decoder does now, and what it has done since it was made. */
export interface DecoderStats {
  /** Requests of which a sequence has not begun yet. */
  readonly waiting: number;
  /** Sequences that have begun and not ended. */
  readonly running: number;
  /** Places for keys and values, in tokens. */
  readonly cache: {
    /** `cacheTokens`, in whole blocks. */
    readonly limit: number;
    /** Memory taken so far. */
    readonly allocated: number;
    /** Held by running sequences; what several share counts once. */
    readonly used: number;
    /** Kept of earlier sequences, for prompts that begin as they did. */
    readonly kept: number;
  };
  /** Tokens of all prompts that were begun. */
  readonly promptTokens: number;
  /** Of those, the ones that were not computed because their keys and values had been kept. */
  readonly cachedTokens: number;
  /** Tokens given out. */
  readonly generatedTokens: number;
  /** Steps that were one launch of a device, see `DecoderOptions.capture`. */
  readonly launches: number;
  /** How often a running sequence was put back to wait because the cache was full; it is computed anew later. */
  readonly preemptions: number;
}

/** A random draw's place: numbers are a function of these three alone (Philox). */
export type RandomKey = readonly [seed: number, step: number, ordinal: number];

export type Argument =
  | undefined
  | null
  | boolean
  | number
  | string
  | readonly number[]
  | readonly string[]
  | NodeJS.TypedArray
  | TensorHandle
  | readonly TensorHandle[]
  | TensorListHandle
  | TokenFileHandle
  | ProcessGroupHandle;

/** A queued call: handles of its results at once, values later. */
export type One = (...args: Argument[]) => TensorHandle;
export type Two = (...args: Argument[]) => [TensorHandle, TensorHandle];
export type None = (...args: Argument[]) => undefined;

type Names<N extends string, F> = { readonly [name in N]: F };

type OneNames =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'neg'
  | 'abs'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'tanh'
  | 'sigmoid'
  | 'relu'
  | 'gelu'
  | 'pow'
  | 'clamp'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'where'
  | 'fromData'
  | 'full'
  | 'arange'
  | 'randn'
  | 'rand'
  | 'grad'
  | 'detach'
  | 'gather'
  | 'indexSelect'
  | 'maskedFill'
  | 'crossEntropy'
  | 'linearCrossEntropy'
  | 'dropout'
  | 'matmul'
  | 'linear'
  | 'clipGradNorm'
  | 'sum'
  | 'mean'
  | 'max'
  | 'min'
  | 'logsumexp'
  | 'argmax'
  | 'softmax'
  | 'logSoftmax'
  | 'filterLogits'
  | 'sample'
  | 'reshape'
  | 'permute'
  | 'narrow'
  | 'cat'
  | 'expand'
  | 'to'
  | 'writeTensors'
  | 'joinGroup'
  | 'allReduce'
  | 'allGather'
  | 'checksum'
  | 'readTensors';

export type AddonFunctions = Names<OneNames, One> &
  Names<'backward' | 'zeroGrad' | 'adamwStep' | 'fill' | 'fillNormal' | 'copy' | 'dequantizeInt8', None> &
  Names<'leaveGroup' | 'broadcast' | 'reduceGradients', None> &
  Names<'tokenWindows' | 'quantizeInt8', Two>;

export interface TensorDescription {
  shape: number[];
  dtype: string;
  device: string;
  requiresGrad: boolean;
}

/** Main memory that tensors take. */
export interface Memory {
  /** Bytes of tensors in use. */
  allocated: number;
  /** Highest `allocated` so far. */
  peak: number;
  /** Bytes of freed blocks kept for the next allocation. */
  cached: number;
  /** Limit of `allocated`; 0: none. */
  budget: number;
  /** Bytes of the storages that this thread's handles hold. */
  held: number;
}

/** What NVIDIA's driver says of itself. */
export interface CudaDriver {
  /** The newest CUDA that it runs, major · 1000 + minor · 10; absent where there is no driver's library. */
  version?: number;
  /** Names of the GPUs that it shows. */
  devices: string[];
  /** Why there is no library, or why the driver does not start. */
  problem?: string;
}

export interface AddonEngine {
  idle(): Promise<void>;
  drained(): Promise<void>;
  memory(): Memory;
  resetMemoryPeak(): void;
  trimMemory(): void;
  setMemoryBudget(bytes: number): void;
  /** For tests: of the allocations of tensors from now on lets `after` pass and fails the next `count`. */
  failAllocations(after: number, count: number): void;
  /** Waits up to 2 s for the current operation and begins no other until `resume()`; see exit.ts. */
  pauseForExit(): void;
  resume(): void;
  setModes(gradEnabled: boolean, autocast: string | null): void;
  setThreads(count: number): void;
  threads(): number;
  setLimits(operations: number, bytes: number): void;
  queued(): number;
  /** For tests: as if a device had failed beyond repair. */
  failDevice(): void;
  /**
   * For tests: as if the CPU were a device that is done so many milliseconds after it was given something, and, with
   * `fails`, has failed then. A negative time: no longer.
   */
  delayDevice(milliseconds: number, fails: boolean): void;
  /** For tests: the CPU has graphs, which make the calls again that they were given; or no longer. */
  standInForGraphs(on: boolean): void;
  /** CUDA devices that libtorch can use: 0 with a CPU build or without a driver. */
  cudaDevices(): number;
  /** Those of our operators that have CUDA kernels of their own: none until their library is loaded. */
  cudaKernels(): string[];
  cudaDriver(): CudaDriver;
  readonly capability: string;
}

export interface Addon {
  readonly torchVersion: string;
  readonly functions: AddonFunctions;
  readonly engine: AddonEngine;
  setErrorFactory(factory: (code: string, message: string) => Error): void;
  createModule(
    name: string,
    options: Readonly<Record<string, string | number | boolean | undefined>>,
    device: string,
  ): { handle: ModuleHandle; parameters: [name: string, handle: TensorHandle][] };
  disposeModule(module: ModuleHandle): void;
  forward(module: ModuleHandle, name: string, ...args: Argument[]): TensorHandle;
  createDecoder(
    embedding: ModuleHandle,
    blocks: readonly ModuleHandle[],
    norm: ModuleHandle | null,
    outputWeight: TensorHandle,
    ...options: Argument[]
  ): DecoderHandle;
  /** Ends what is unfinished with an error and frees the cache. */
  disposeDecoder(decoder: DecoderHandle): void;
  decoderStats(decoder: DecoderHandle): DecoderStats;
  /** Calls the listener until the last sample's end or a failure. */
  startGeneration(
    decoder: DecoderHandle,
    listener: (events: readonly GenerationEvent[], error?: Error) => void,
    ...options: Argument[]
  ): RequestHandle;
  /** Calls the listener once. */
  startEmbedding(
    decoder: DecoderHandle,
    listener: (events: readonly EmbeddingEvent[], error?: Error) => void,
    ...options: Argument[]
  ): RequestHandle;
  /** Ends the request before the decoder's next step, or one of its samples, once it generates. */
  cancelRequest(request: RequestHandle, sample?: number): void;
  /** From here on this thread's calls on tensors are recorded instead of queued, until `finishGraph` or `dropGraph`. */
  beginGraph(): GraphHandle;
  finishGraph(graph: GraphHandle): void;
  /** The recording is nothing, and so is what was made in it. */
  dropGraph(graph: GraphHandle): void;
  /** @param key of the first random draw in it */
  replayGraph(graph: GraphHandle, key: RandomKey): void;
  disposeGraph(graph: GraphHandle): void;
  /** Replays that were one launch of a device. */
  graphLaunches(graph: GraphHandle): number;
  /** Whether the device records launches. */
  hasDeviceGraphs(device: string): boolean;
  readData(tensor: TensorHandle): Promise<ArrayBuffer>;
  readItem(tensor: TensorHandle): Promise<number>;
  describe(tensor: TensorHandle): TensorDescription;
  /** @param byScope the end of a scope frees them, not a call of dispose() */
  disposeTensors(tensors: readonly TensorHandle[], byScope: boolean): void;
  tensorList(tensors: readonly TensorHandle[]): TensorListHandle;
  /** Nobody is met before `functions.joinGroup`. */
  createGroup(options: Readonly<Record<string, string | number | boolean>>): ProcessGroupHandle;
  /** Ends the group's wait that is under way, and all later ones; any time. */
  cancelGroup(group: ProcessGroupHandle): void;
  openTokenFile(path: string, bytesPerToken: number, offset: number, count: number): TokenFileHandle;
}
