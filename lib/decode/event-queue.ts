/** Between a listener that is called whenever something came and a loop that awaits it. For one reader. */
export class EventQueue<Event> {
  #waiting: Event[] = [];
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  push(events: readonly Event[], error?: Error): void {
    this.#waiting.push(...events);
    this.#error ??= error;
    this.#wake?.();
  }

  /** All that came since the last call, at least one. @throws the error that was pushed, once what came before it is taken */
  async take(): Promise<Event[]> {
    while (this.#waiting.length === 0) {
      if (this.#error) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
