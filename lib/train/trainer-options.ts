import type { TrainConfig } from '../config/index.js';
import type { Dataset } from '../data/index.js';
import type { GPT } from '../model/index.js';
import type { Batch, SumLoss } from './batch.js';
import type { TrainListener } from './events.js';
import type { Trainer } from './trainer.js';

export interface TrainerOptions<B extends Batch> {
  model: GPT;
  config: TrainConfig;
  /** Endless; where it stands is part of the trainer's state. */
  data: Dataset<B>;
  sumLoss: SumLoss<B>;
  /** Begins a pass over the validation part: the same batches each time. */
  validation?: (() => AsyncIterable<B> | Iterable<B>) | undefined;
  /** Saves tensors and `trainer.state()`; resolves to the file's path. */
  saveCheckpoint?: ((trainer: Trainer<B>) => Promise<string>) | undefined;
  /** The model has the lowest validation loss so far; without `validation` called before each checkpoint. */
  saveBest?: (() => Promise<void>) | undefined;
  onEvent?: TrainListener | undefined;
}
