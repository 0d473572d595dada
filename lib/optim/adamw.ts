import { addon, type TensorHandle, type TensorListHandle } from '../addon/index.js';
import { ArgumentError } from '../errors.js';
import { engine, full, keep, type Tensor, zeros } from '../tensor/index.js';
import { checkParameters, type NamedParameters } from './check-parameters.js';

/** AdamW's numbers; the defaults are torch's. */
export interface AdamWOptions {
  /** Learning rate; `step({ lr })` may give another. Default 1e-3. */
  lr?: number;
  /** How much of the first and second moment a step keeps, from 0 to below 1. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the second moment's root. Default 1e-8. */
  eps?: number;
  /** Decoupled decay of matrices; biases and norms are not decayed. Default 0.01. */
  weightDecay?: number;
}

interface Group {
  weightDecay: number;
  names: string[];
  parameters: TensorListHandle;
  firstMoments: Tensor[];
  secondMoments: Tensor[];
  firstList: TensorListHandle;
  secondList: TensorListHandle;
}

/**
 * AdamW (Loshchilov and Hutter 2019) on torch's fused kernel.
 *
 * It takes one group: for parameters with a rate or decay of their own make a second one, and give `clipGradNorm` the parameters
 * of both.
 */
export class AdamW {
  /** The rate of a step that names none; may be set. */
  lr: number;
  /** See `AdamWOptions`. */
  readonly betas: readonly [number, number];
  /** See `AdamWOptions`. */
  readonly eps: number;
  /** See `AdamWOptions`. */
  readonly weightDecay: number;
  readonly #groups: Group[];
  readonly #all: TensorListHandle;
  /** What a captured step reads when it is replayed. */
  readonly #replayed: { lr: Tensor; steps: Tensor };
  #steps = 0;

  /** @throws ArgumentError when there is no parameter, one is none (computed, or data), or a rate is out of range */
  constructor(parameters: NamedParameters, options: AdamWOptions = {}) {
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01 } = options;
    checkRange('lr', lr, lr >= 0);
    for (const beta of betas) checkRange('betas', beta, beta >= 0 && beta < 1);
    checkRange('eps', eps, eps > 0);
    checkRange('weightDecay', weightDecay, weightDecay >= 0);
    this.lr = lr;
    this.betas = betas;
    this.eps = eps;
    this.weightDecay = weightDecay;
    const named = checkParameters('AdamW', parameters);
    if (named.length === 0) throw new ArgumentError('AdamW: no parameters');
    const isMatrix = ([, parameter]: [string, Tensor]) => parameter.shape.length >= 2;
    this.#groups = [
      makeGroup(named.filter(isMatrix), weightDecay),
      makeGroup(
        named.filter((entry) => !isMatrix(entry)),
        0,
      ),
    ].filter((group) => group.names.length > 0);
    this.#all = addon.tensorList(named.map(([, parameter]) => parameter.handle));
    const device = named[0]?.[1].device ?? 'cpu';
    // As exact as the number it stands for; torch's CUDA kernel takes float32 alone.
    const lrType = device === 'cpu' ? 'float64' : 'float32';
    this.#replayed = keep({ lr: full([], lr, { dtype: lrType, device }), steps: full([], 0, { device }) });
  }

  /** Updates made so far. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * One update from the gradients as they stand; parameters without one are left alone.
   *
   * Inside `engine.capture` it takes neither a learning rate nor a place in the count of updates: `advance` gives both to each
   * replay.
   */
  step({ lr }: { lr?: number } = {}): void {
    if (engine.capturing) {
      if (lr !== undefined) throw new ArgumentError('AdamW.step: inside engine.capture lr is given to advance()');
      this.#update(this.#replayed.lr.handle, this.#replayed.steps.handle);
      return;
    }
    const rate = lr ?? this.lr;
    checkRange('lr', rate, rate >= 0);
    this.#steps += 1;
    this.#update(rate, this.#steps);
  }

  /** Before each replay of a graph in which `step()` was captured: counts the update and sets its learning rate. */
  advance({ lr = this.lr }: { lr?: number } = {}): void {
    checkRange('lr', lr, lr >= 0);
    this.#replayed.lr.fill(lr);
    this.#replayed.steps.fill(this.#steps + 1);
    this.#steps += 1;
  }

  #update(lr: number | TensorHandle, steps: number | TensorHandle): void {
    const [beta1, beta2] = this.betas;
    for (const { parameters, firstList, secondList, weightDecay } of this.#groups) {
      addon.functions.adamwStep(parameters, firstList, secondList, lr, beta1, beta2, this.eps, weightDecay, steps);
    }
  }

  /** Drops the gradients. */
  zeroGrad(): void {
    addon.functions.zeroGrad(this.#all);
  }

  /** The moments, `NAME.exp_avg` and `NAME.exp_avg_sq`: what a checkpoint stores, beside `steps`. */
  namedState(): [name: string, tensor: Tensor][] {
    return this.#groups.flatMap(({ names, firstMoments, secondMoments }) =>
      names.flatMap((name, i): [string, Tensor][] => {
        const [first, second] = [firstMoments[i], secondMoments[i]];
        return first && second
          ? [
              [`${name}.exp_avg`, first],
              [`${name}.exp_avg_sq`, second],
            ]
          : [];
      }),
    );
  }

  /** Sets the count of updates after the moments were loaded. */
  restoreSteps(steps: number): void {
    if (!Number.isSafeInteger(steps) || steps < 0) throw new ArgumentError(`AdamW: steps must be from 0, not ${steps}`);
    this.#steps = steps;
  }

  /** Frees the moments. */
  dispose(): void {
    this.#replayed.lr.dispose();
    this.#replayed.steps.dispose();
    for (const { firstMoments, secondMoments } of this.#groups) {
      for (const moment of [...firstMoments, ...secondMoments]) moment.dispose();
    }
  }
}

function makeGroup(named: [string, Tensor][], weightDecay: number): Group {
  const moments = () => named.map(([, { shape, device, dtype }]) => keep(zeros(shape, { device, dtype })));
  const [firstMoments, secondMoments] = [moments(), moments()];
  return {
    weightDecay,
    names: named.map(([name]) => name),
    parameters: addon.tensorList(named.map(([, parameter]) => parameter.handle)),
    firstMoments,
    secondMoments,
    firstList: addon.tensorList(firstMoments.map((moment) => moment.handle)),
    secondList: addon.tensorList(secondMoments.map((moment) => moment.handle)),
  };
}

function checkRange(name: string, value: number, holds: boolean): void {
  if (!holds) throw new ArgumentError(`AdamW: ${name} is out of range: ${value}`);
}
