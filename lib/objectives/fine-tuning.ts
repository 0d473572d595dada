import type { TaskBatch, TaskModel } from '../heads/index.js';
import type { Tensor } from '../tensor/index.js';
import type { Objective, PerTerm } from './objective.js';

/**
 * L_FT = -Σ log P(y | x_1 … x_n) (Radford et al. 2018, eq. 4), the mean over examples; for scores the mean squared error.
 */
export class FineTuningObjective implements Objective<TaskBatch> {
  readonly weights = { fineTuning: 1 };

  constructor(readonly model: TaskModel) {}

  counts({ exampleCount }: TaskBatch): PerTerm<number> {
    return { fineTuning: exampleCount };
  }

  sums(batch: TaskBatch): PerTerm<Tensor> {
    return { fineTuning: this.sumFrom(this.model.gpt.hidden(batch.tokens), batch) };
  }

  /** The sum over examples from hidden states (S, T, width) that are there already. */
  sumFrom(hidden: Tensor, batch: TaskBatch): Tensor {
    return this.model.head.loss(this.model.answer(hidden, batch), batch);
  }
}
