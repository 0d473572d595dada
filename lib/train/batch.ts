import type { Tensor } from '../tensor/index.js';

/** One forward pass's worth of data; what else it holds is between the data and the objective. */
export interface Batch {
  /** Tokens that are worked on, for the speed that is told. */
  readonly tokenCount: number;
  /** Frees the batch's tensors. */
  dispose(): void;
  /** What a captured step needs to know of it. Absent: a step with this batch is not captured. */
  readonly layout?: BatchLayout;
}

/** A batch's tensors apart from all else that it holds, so that a captured step can have them in places of its own. */
export interface BatchLayout {
  /** All else: with equal names and equal shapes, batches differ in their tensors' values alone. */
  readonly name: string;
  readonly tensors: readonly Tensor[];
  /** The same batch on other tensors of the same shapes; it has the type of this one. */
  withTensors(tensors: readonly Tensor[]): Batch;
}
