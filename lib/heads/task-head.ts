import { Linear, type ModuleOptions } from '../nn/index.js';
import { cat, crossEntropy, dropout, full, ones, type Tensor } from '../tensor/index.js';
import type { ChoiceLayout, TaskBatch } from './task-batch.js';
import { answerKind, outputsOf, type TaskConfig } from './task-config.js';

/**
 * P(y | x_1 … x_n) = softmax(h_n · W_y) (Radford et al. 2018, eq. 3): the hidden states of the extract tokens through
 * one linear layer. Parameters `head.weight` (outputs, width) and `head.bias`.
 *
 * - classes: one hidden state an example, an output for each class;
 * - similarity: the hidden states of both orders are added, then as above, or one output, a score;
 * - multiple choice: one output for each choice, a softmax across an example's choices.
 */
export class TaskHead {
  readonly config: TaskConfig;
  readonly linear: Linear;

  constructor(config: TaskConfig, width: number, options?: ModuleOptions) {
    this.config = config;
    this.linear = new Linear({ inFeatures: width, outFeatures: outputsOf(config) }, options);
  }

  /** `head.weight` and `head.bias`. */
  namedParameters(): [name: string, parameter: Tensor][] {
    return [...this.linear.parameters].map(([name, parameter]) => [`head.${name}`, parameter]);
  }

  /**
   * @param extracts (S, width): hidden states of the extract tokens
   * @param training dropout on
   * @returns (N, classes); (N, 1) for scores; (N, most choices) with -∞ where an example has no such choice
   */
  logits(extracts: Tensor, { choices, exampleCount }: Pick<TaskBatch, 'choices' | 'exampleCount'>, training: boolean) {
    const p = training ? this.config.dropout : 0;
    if (choices) return this.#choiceLogits(extracts, choices, exampleCount, p);
    const width = extracts.shape[1] ?? 0;
    const isPair = this.config.task === 'similarity';
    const state = isPair ? extracts.reshape(exampleCount, 2, width).sum(1) : extracts; // (N, width)
    return this.linear.forward(p > 0 ? dropout(state, p) : state); // (N, outputs)
  }

  /** The sum over examples: cross-entropy, or squared error of scores. */
  loss(logits: Tensor, { answers }: Pick<TaskBatch, 'answers'>): Tensor {
    if (answerKind(this.config) === 'score') return logits.reshape(-1).sub(answers).pow(2).sum();
    return crossEntropy(logits, answers, { reduction: 'sum' });
  }

  /** Frees the parameters. */
  dispose(): void {
    this.linear.dispose();
  }

  #choiceLogits(extracts: Tensor, { exampleOf, sequenceOf }: ChoiceLayout, examples: number, p: number): Tensor {
    const { device } = extracts;
    const width = extracts.shape[1] ?? 0;
    // One mask an example, so that its choices are compared on the same part of the hidden state.
    const mask = p > 0 ? dropout(ones([examples, width], { device }), p).indexSelect(0, exampleOf) : undefined;
    const scores = this.linear.forward(mask ? extracts.mul(mask) : extracts).reshape(-1); // (S)
    const withNone = cat([scores, full([1], Number.NEGATIVE_INFINITY, { device })]); // (S + 1)
    return withNone.indexSelect(0, sequenceOf.reshape(-1)).reshape(...sequenceOf.shape); // (N, most choices)
  }
}
