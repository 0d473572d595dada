import type { TrainConfigInput } from '../config/index.js';
import type { Dataset } from '../data/index.js';
import type { ProcessGroup } from '../distributed/index.js';
import type { Objective } from '../objectives/index.js';
import type { NamedParameters } from '../optim/index.js';
import type { Tensor } from '../tensor/index.js';
import type { Batch } from './batch.js';
import type { TrainListener } from './events.js';
import type { Trainer } from './trainer.js';

/** What can be trained: a GPT, a model with a task's head, or one of your own. */
export interface Trainable {
  /** Parameters under their names in the model's file. */
  namedParameters(): [name: string, parameter: Tensor][];
  /** Dropout on. */
  train(): unknown;
  /** Dropout off. */
  eval(): unknown;
}

/** What a pass over the validation part gives. */
export interface Evaluation {
  /** The objective, in nats. */
  loss: number;
  /** What else was measured, such as accuracy. */
  scores?: Readonly<Record<string, number>> | undefined;
}

/** What a `Trainer` trains, on what, and how. */
export interface TrainerOptions<B extends Batch> {
  model: Trainable;
  /** The parameters that are changed. Default: all of the model's. */
  parameters?: NamedParameters | undefined;
  /** Fields with a default may be left out. */
  config: TrainConfigInput;
  /**
   * Endless; where it stands is part of the trainer's state. With a `group`: this rank's share of each micro-batch, null where
   * it has none; all ranks take the same number of items, and `state()` is the same on all.
   */
  data: Dataset<B | null>;
  objective: Objective<NoInfer<B>>;
  /** A pass over the validation part, the model being in evaluation mode; undefined when `signal` ended it. */
  validate?: ((signal?: AbortSignal) => Promise<Evaluation | undefined>) | undefined;
  /** The higher the better; where they are equal the next number decides. NaN is the worst. Default: the lower the loss. */
  rank?: ((evaluation: Evaluation) => readonly number[]) | undefined;
  /** Whether the model may be the best as it is before the first step. Default true. */
  ranksInitial?: boolean | undefined;
  /** Saves tensors and `trainer.state()`; resolves to the file's path. */
  saveCheckpoint?: ((trainer: Trainer<B>) => Promise<string>) | undefined;
  /** The model is the best so far; without `validate` called before each checkpoint. */
  saveBest?: (() => Promise<void>) | undefined;
  /** With a `group`, called on all ranks with the numbers of all together; `checkpoint` on rank 0 alone. */
  onEvent?: TrainListener | undefined;
  /**
   * The ranks that train together. Their gradients are summed, and divided by the counts of all: the step is that of one process
   * with all the data. `validate` must give the same on all. Default: this process by itself.
   */
  group?: ProcessGroup | undefined;
}
