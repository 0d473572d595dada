import type { Tensor } from '../tensor/index.js';

/** One forward pass's worth of data. */
export interface Batch {
  /** Targets that count in the loss: what a sum over the batch is divided by to give its mean. */
  readonly targetCount: number;
  dispose(): void;
}

/** The sum of the losses of a batch's targets, a scalar with a gradient. */
export type SumLoss<B extends Batch> = (batch: B) => Tensor;
