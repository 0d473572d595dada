import type { GPT } from '../model/index.js';
import type { Tensor } from '../tensor/index.js';
import type { Objective, PerTerm } from './objective.js';

/** Tokens and what follows each of them. */
export interface LanguageModelingBatch {
  /** (B, T) int64 */
  readonly inputs: Tensor;
  /** (B, T) int64; -100 where a target does not count. */
  readonly targets: Tensor;
  /** Targets that count. */
  readonly targetCount: number;
}

/**
 * L_PT = -Σ log P(x_i | x_{i-k} … x_{i-1}) (Radford et al. 2018, eq. 1), the mean per target. What the model sees of the
 * past, the whole history or the last k tokens, is its `attentionWindow` or the data's `windows`.
 */
export class LanguageModelingObjective implements Objective<LanguageModelingBatch> {
  readonly weights = { languageModeling: 1 };

  constructor(readonly model: GPT) {}

  counts({ targetCount }: LanguageModelingBatch): PerTerm<number> {
    return { languageModeling: targetCount };
  }

  sums({ inputs, targets }: LanguageModelingBatch): PerTerm<Tensor> {
    return { languageModeling: this.model.loss(inputs, targets, { reduction: 'sum' }) };
  }
}
