import { z } from 'zod';
import { ArgumentError, InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import type { Dataset } from './dataset.js';

/** What decides the order of the batches. Plain JSON; a saved state fits a dataset of the same identity only. */
export type DatasetIdentity = Readonly<Record<string, string | number>>;

export interface EpochsOptions<T> {
  identity: DatasetIdentity;
  /** Batches of one epoch; `Infinity` when an epoch never ends. */
  batches: number;
  /** The epoch's batches by number. Must follow from `identity` and `epoch` alone. */
  plan(epoch: number): (batch: number) => T;
  /** Epochs after which iteration ends. Default: endless. */
  epochs?: number | undefined;
}

const StateSchema = z.object({
  epoch: z.int().min(0),
  batch: z.int().min(0),
  identity: z.record(z.string(), z.union([z.string(), z.number()])),
});

/** Batches in epochs, each planned from its number, so that the whole state is two numbers. */
export class Epochs<T> implements Dataset<T> {
  readonly #options: EpochsOptions<T>;
  #epoch = 0;
  #batch = 0;

  constructor(options: EpochsOptions<T>) {
    const { epochs = Number.POSITIVE_INFINITY } = options;
    if (!(epochs >= 0)) throw new ArgumentError(`epochs is ${epochs}; allowed: 0 or more`);
    this.#options = { ...options, epochs };
  }

  /** Batches of one epoch; undefined when an epoch never ends. */
  get length(): number | undefined {
    const { batches } = this.#options;
    return Number.isFinite(batches) ? batches : undefined;
  }

  state(): unknown {
    return { epoch: this.#epoch, batch: this.#batch, identity: { ...this.#options.identity } };
  }

  /** @throws InputError when `state` is none, or one of other data or options. */
  restore(state: unknown): void {
    const { epoch, batch, identity } = parseOrThrow(StateSchema, state, 'saved state of the data');
    const own = this.#options.identity;
    for (const name of new Set([...Object.keys(own), ...Object.keys(identity)])) {
      if (own[name] === identity[name]) continue;
      const told = `${name} ${identity[name] ?? 'absent'}, now ${own[name] ?? 'absent'}`;
      throw new InputError(`saved state of the data: made with ${told}; resuming needs the same data and options`);
    }
    if (batch >= this.#options.batches) {
      throw new InputError(`saved state of the data: batch is ${batch}; allowed: 0 to ${this.#options.batches - 1}`);
    }
    this.#epoch = epoch;
    this.#batch = batch;
  }

  /** Goes on from where the dataset stands. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const { batches, plan, epochs = Number.POSITIVE_INFINITY } = this.#options;
    let planned: { epoch: number; batchAt: (batch: number) => T } | undefined;
    while (batches > 0 && this.#epoch < epochs) {
      const epoch = this.#epoch;
      if (planned?.epoch !== epoch) planned = { epoch, batchAt: plan(epoch) };
      const item = planned.batchAt(this.#batch);
      // Before the yield: a state taken while the item is in use means the item after it.
      this.#batch++;
      if (this.#batch === batches) [this.#epoch, this.#batch] = [epoch + 1, 0];
      yield item;
    }
  }
}
