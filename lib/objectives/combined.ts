import type { TaskBatch, TaskModel } from '../heads/index.js';
import { linearCrossEntropy, type Tensor } from '../tensor/index.js';
import { FineTuningObjective } from './fine-tuning.js';
import type { Objective, PerTerm } from './objective.js';

export interface CombinedOptions {
  /** λ: what language modelling counts beside the task. 0 leaves it out, work and all. Default 0.5. */
  lambda?: number;
  /**
   * What L_PT is the mean of. `sequence`: each sequence's mean over its tokens after the first, as in the paper's code;
   * `token`: all those tokens alike. Default `sequence`.
   */
  reduction?: 'sequence' | 'token';
}

/**
 * L = L_FT + λ · L_PT (Radford et al. 2018, eq. 5): the task's loss, and language modelling on the same sequences, which
 * keeps the model from forgetting what it was pretrained on. Both read the same hidden states.
 */
export class CombinedObjective implements Objective<TaskBatch> {
  readonly lambda: number;
  readonly reduction: 'sequence' | 'token';
  readonly weights: PerTerm<number>;
  readonly #fineTuning: FineTuningObjective;

  constructor(
    readonly model: TaskModel,
    { lambda = 0.5, reduction = 'sequence' }: CombinedOptions = {},
  ) {
    this.lambda = lambda;
    this.reduction = reduction;
    this.#fineTuning = new FineTuningObjective(model);
    const { weights } = this.#fineTuning;
    this.weights = lambda === 0 ? weights : { ...weights, languageModeling: lambda };
  }

  counts(batch: TaskBatch): PerTerm<number> {
    const counts = this.#fineTuning.counts(batch);
    if (this.lambda === 0) return counts;
    return { ...counts, languageModeling: this.reduction === 'sequence' ? batch.sequenceCount : batch.targetCount };
  }

  sums(batch: TaskBatch): PerTerm<Tensor> {
    if (this.lambda === 0) return this.#fineTuning.sums(batch);
    const { gpt } = this.model;
    const hidden = gpt.hidden(batch.tokens); // (S, T, width)
    const rowWeights = this.reduction === 'sequence' ? batch.targetWeights : undefined;
    return {
      fineTuning: this.#fineTuning.sumFrom(hidden, batch),
      languageModeling: linearCrossEntropy(hidden, gpt.outputWeight, batch.targets, { reduction: 'sum', rowWeights }),
    };
  }
}
