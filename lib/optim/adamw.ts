import { addon, type TensorListHandle } from '../addon/index.js';
import { ArgumentError } from '../errors.js';
import { keep, type Tensor, zeros } from '../tensor/index.js';

export type NamedParameters = Iterable<[name: string, parameter: Tensor]>;

export interface AdamWOptions {
  /** Default 1e-3. */
  lr?: number;
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
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

/** AdamW (Loshchilov and Hutter 2019) on torch's fused kernel. */
export class AdamW {
  lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  readonly #groups: Group[];
  readonly #all: TensorListHandle;
  #steps = 0;

  /** @throws ArgumentError when there is no parameter or a rate is out of range */
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
    const named = [...parameters];
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
  }

  /** Updates made so far. */
  get steps(): number {
    return this.#steps;
  }

  /** One update from the gradients as they stand; parameters without one are left alone. */
  step({ lr = this.lr }: { lr?: number } = {}): void {
    checkRange('lr', lr, lr >= 0);
    this.#steps += 1;
    const [beta1, beta2] = this.betas;
    for (const { parameters, firstList, secondList, weightDecay } of this.#groups) {
      addon.functions.adamwStep(
        parameters,
        firstList,
        secondList,
        lr,
        beta1,
        beta2,
        this.eps,
        weightDecay,
        this.#steps,
      );
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
