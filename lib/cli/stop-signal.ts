const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type SignalName = keyof typeof EXIT_CODES;

/**
 * Turns the first SIGINT or SIGTERM into an `AbortSignal`, so that a command can end in order. A second one ends the
 * process at once.
 */
export class StopSignal {
  readonly #controller = new AbortController();
  readonly #onFirst: (name: SignalName) => void;
  #received: SignalName | undefined;

  constructor(onFirst: (name: SignalName) => void = () => {}) {
    this.#onFirst = onFirst;
    process.on('SIGINT', this.#handle);
    process.on('SIGTERM', this.#handle);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 130 or 143, or undefined when no signal came. */
  get exitCode(): number | undefined {
    return this.#received === undefined ? undefined : EXIT_CODES[this.#received];
  }

  /** Signals act as they did before. */
  dispose(): void {
    process.off('SIGINT', this.#handle);
    process.off('SIGTERM', this.#handle);
  }

  readonly #handle = (name: NodeJS.Signals) => {
    if (name !== 'SIGINT' && name !== 'SIGTERM') return;
    if (this.#received !== undefined) process.exit(EXIT_CODES[name]);
    this.#received = name;
    this.#onFirst(name);
    this.#controller.abort();
  };
}
