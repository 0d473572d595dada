import { tooManyRequests, waitedTooLong } from './api-error.js';

interface Waiting {
  begin: () => void;
  fail: (error: unknown) => void;
}

/** How many may be inside at once, and how many may wait outside, for how long. */
export interface PlaceLimits {
  running: number;
  waiting: number;
  /** Milliseconds. */
  waitTimeout: number;
}

/** Admits a few at a time, in the order in which they came. */
export class Places {
  #running = 0;
  readonly #queue = new Set<Waiting>();

  constructor(readonly limits: PlaceLimits) {}

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Runs `work` once a place is free.
   * @throws ApiError 429 where too many wait already, 503 after `waitTimeout`; the signal's reason where it is aborted
   */
  async use<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.limits.running) {
      this.#running++;
      return;
    }
    if (this.#queue.size >= this.limits.waiting) throw tooManyRequests();
    let waiting: Waiting | undefined;
    let timer: NodeJS.Timeout | undefined;
    const onAbort = () => waiting?.fail(signal.reason);
    try {
      await new Promise<void>((resolve, reject) => {
        waiting = { begin: resolve, fail: reject };
        this.#queue.add(waiting);
        signal.addEventListener('abort', onAbort, { once: true });
        timer = setTimeout(() => reject(waitedTooLong()), this.limits.waitTimeout);
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (waiting) this.#queue.delete(waiting);
    }
  }

  /** The place goes straight to the one who has waited longest. */
  #leave(): void {
    const [next] = this.#queue;
    if (next === undefined) this.#running--;
    else {
      this.#queue.delete(next);
      next.begin();
    }
  }
}
