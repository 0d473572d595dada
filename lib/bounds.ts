/** The least and the most that something may be. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** As `Bounds`, for what options and configurations say before the addon, which has the same ones, is loaded. */
export const BOUNDS = {
  // Generation
  temperature: { least: 0, most: 1e6 },
  repetitionPenalty: { least: 1e-6, most: 1e6 },
  /** Continuations of one prompt. */
  samples: { least: 1, most: 1024 },
  maxRunning: { least: 1, most: 4096 },
  /** At least the context length, besides. */
  cacheTokens: { least: 1, most: 2 ** 30 },
  // Training
  learningRate: { least: 0, most: 1e6 },
  epsilon: { least: 0, most: 1e6 },
  weightDecay: { least: 0, most: 1e6 },
  /** Of the gradient, which is float32. */
  clip: { least: 0, most: 1e30 },
  /** Of initial weights. */
  standardDeviation: { least: 0, most: 1e6 },
  /** Sequences that are put together by JavaScript. */
  batchSize: { least: 1, most: 2 ** 20 },
  // The machine
  threads: { least: 1, most: 1024 },
  /** Of one machine. */
  processes: { least: 1, most: 1024 },
  /** Node's timers take no more. */
  milliseconds: { least: 1, most: 2 ** 31 - 1 },
} as const satisfies Record<string, Bounds>;
