/** Seconds of the stretches between `start()` and `stop()`. Begins stopped. */
export class Stopwatch {
  #before = 0;
  #startedAt: number | undefined;

  start(): void {
    this.#startedAt ??= performance.now();
  }

  stop(): void {
    this.#before = this.milliseconds;
    this.#startedAt = undefined;
  }

  get seconds(): number {
    return this.milliseconds / 1000;
  }

  private get milliseconds(): number {
    return this.#before + (this.#startedAt === undefined ? 0 : performance.now() - this.#startedAt);
  }
}
