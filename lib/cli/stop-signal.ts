/** Signals that stop a command in order, and the exit codes that it then has. */
export const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const SIGNALS = Object.keys(EXIT_CODES) as SignalName[];
type SignalName = keyof typeof EXIT_CODES;

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP (the terminal is gone) into an `AbortSignal`, so that a command can end in order. A second one ends the
 * process at once.
 */
export class StopSignal {
  readonly #controller = new AbortController();
  readonly #onFirst: (name: SignalName) => void;
  #received: SignalName | undefined;

  constructor(onFirst: (name: SignalName) => void = () => {}) {
    this.#onFirst = onFirst;
    for (const name of SIGNALS) process.on(name, this.#handle);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 129, 130 or 143, or undefined when no signal came. */
  get exitCode(): number | undefined {
    return this.#received === undefined ? undefined : EXIT_CODES[this.#received];
  }

  /** Signals act as they did before. */
  dispose(): void {
    for (const name of SIGNALS) process.off(name, this.#handle);
  }

  readonly #handle = (name: NodeJS.Signals) => {
    const known = SIGNALS.find((each) => each === name);
    if (known === undefined) return;
    if (this.#received !== undefined) process.exit(EXIT_CODES[known]);
    this.#received = known;
    this.#onFirst(known);
    this.#controller.abort();
  };
}
