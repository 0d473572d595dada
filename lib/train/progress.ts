import { MovingRate } from './moving-rate.js';
import { formatBar, formatNumbers, type ProgressState } from './progress-text.js';

const REDRAW_MS = 100;
const LINE_MS = 10_000;
const CLEAR_LINE = '\r\x1b[2K';

/** Where progress goes: `process.stderr`, or anything else with these members. */
export interface ProgressStream {
  /** Writes text as it is. */
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** What is new since the last update. */
export interface ProgressUpdate {
  step: number;
  trainLoss?: number;
  valLoss?: number;
  lr?: number;
  /** Targets done since the last update. */
  tokens?: number;
  memoryBytes?: number;
}

/** What the progress is of, and where it goes. */
export interface ProgressOptions {
  steps: number;
  /** Steps already done when the progress begins (a resumed run). */
  firstStep?: number;
  quiet?: boolean;
  stream?: ProgressStream;
  /** Milliseconds; for tests. */
  now?: () => number;
}

/**
 * Progress of a training run: in a terminal one line that redraws itself at most ten times a second, elsewhere a plain
 * line at each validation and every ten seconds, with `quiet` nothing.
 */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #quiet: boolean;
  readonly #now: () => number;
  readonly #stepRate = new MovingRate();
  readonly #tokenRate = new MovingRate();
  #state: ProgressState;
  #lastUpdate: number;
  #lastShown: number;
  #drawn = false;

  constructor({ steps, firstStep = 0, quiet = false, stream = process.stderr, now = Date.now }: ProgressOptions) {
    this.#stream = stream;
    this.#quiet = quiet;
    this.#now = now;
    this.#state = { step: firstStep, steps, tokensPerSecond: 0 };
    this.#lastUpdate = now();
    this.#lastShown = this.#lastUpdate;
  }

  /** Steps of the run took place, the last of them with these numbers. */
  update({ step, tokens = 0, ...numbers }: ProgressUpdate): void {
    const now = this.#now();
    const seconds = (now - this.#lastUpdate) / 1000;
    this.#lastUpdate = now;
    this.#stepRate.add(step - this.#state.step, seconds);
    this.#tokenRate.add(tokens, seconds);
    const left = this.#state.steps - step;
    this.#state = {
      ...this.#state,
      ...numbers,
      step,
      tokensPerSecond: this.#tokenRate.perSecond,
      secondsLeft: this.#stepRate.perSecond > 0 ? left / this.#stepRate.perSecond : undefined,
    };
    const isValidation = numbers.valLoss !== undefined;
    if (this.#stream.isTTY === true) {
      if (now - this.#lastShown >= REDRAW_MS) this.#draw(now);
    } else if (isValidation || now - this.#lastShown >= LINE_MS) {
      this.#write(`${formatNumbers(this.#state)}\n`);
      this.#lastShown = now;
    }
  }

  /** Time that was not spent on steps (a validation, a checkpoint) does not count in the rates. */
  skipTime(): void {
    this.#lastUpdate = this.#now();
  }

  /** A line of its own; the bar is drawn anew below it. */
  note(text: string): void {
    this.#clear();
    this.#write(`${text}\n`);
    if (this.#stream.isTTY === true) this.#draw(this.#now());
  }

  /** Leaves the last state on the screen and ends the line. */
  end(): void {
    if (this.#stream.isTTY !== true) return;
    this.#draw(this.#now());
    this.#write('\n');
    this.#drawn = false;
  }

  #draw(now: number): void {
    this.#write(`${CLEAR_LINE}${formatBar(this.#state, this.#stream.columns ?? 80)}`);
    this.#drawn = true;
    this.#lastShown = now;
  }

  #clear(): void {
    if (this.#drawn) this.#write(CLEAR_LINE);
    this.#drawn = false;
  }

  #write(text: string): void {
    if (!this.#quiet) this.#stream.write(text);
  }
}
