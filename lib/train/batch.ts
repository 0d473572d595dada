/** One forward pass's worth of data; what else it holds is between the data and the objective. */
export interface Batch {
  /** Tokens that are worked on, for the speed that is told. */
  readonly tokenCount: number;
  /** Frees the batch's tensors. */
  dispose(): void;
}
