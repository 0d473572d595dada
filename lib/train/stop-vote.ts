import type { ProcessGroup } from '../distributed/index.js';

/** Why a run should stop before its last step. */
export interface StopWishes {
  signal: boolean;
  time: boolean;
}

/**
 * Lets all ranks stop at the same step. Signals and clocks are each process's own: a rank's wishes travel with the numbers
 * of its next step, and count once those are read, at the same step on all ranks. A process by itself has its wish at once.
 */
export class StopVote {
  /** What all ranks have agreed upon so far. */
  readonly result: StopWishes = { signal: false, time: false };
  #own: StopWishes = { signal: false, time: false };

  constructor(readonly group: ProcessGroup | undefined) {}

  /** What this process wishes by now. */
  wish(wishes: StopWishes): void {
    this.#own = wishes;
    if (this.group === undefined) this.count([Number(wishes.signal), Number(wishes.time)]);
  }

  /** What is to be added up over the ranks. */
  get votes(): number[] {
    return this.group === undefined ? [] : [Number(this.#own.signal), Number(this.#own.time)];
  }

  /** The sums of all ranks' votes of one step. */
  count([signal = 0, time = 0]: readonly number[]): void {
    if (signal > 0) this.decide('signal');
    if (time > 0) this.decide('time');
  }

  /** All ranks know it in another way. */
  decide(wish: keyof StopWishes): void {
    this.result[wish] = true;
  }
}
