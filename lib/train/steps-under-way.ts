import { GptorchError } from '../errors.js';
import type { StepMetrics } from './metrics-log.js';
import type { PendingStep } from './step.js';

export interface StepUnderWay {
  step: PendingStep;
  /** Steps done before it. */
  index: number;
  lr: number;
}

/** What a step came to. */
export type StepResult = Omit<StepMetrics, 'seconds' | 'tokens'>;

/** Steps that are queued on the engine and not read yet. Their numbers are told in order, as soon as they are waited for. */
export class StepsUnderWay {
  readonly #steps: StepUnderWay[] = [];

  constructor(
    readonly onRead: (result: StepResult, tokens: number, votes: readonly number[]) => void | Promise<void>,
  ) {}

  add(step: StepUnderWay): void {
    this.#steps.push(step);
  }

  /**
   * Waits for the oldest until no more than `length` are under way.
   * @throws GptorchError `ERR_DIVERGED` when a loss or a gradient is not finite.
   */
  async readDownTo(length: number): Promise<void> {
    const count = Math.max(0, this.#steps.length - length);
    for (const { step, index, lr } of this.#steps.splice(0, count)) {
      const { loss, terms, gradNorm, tokens, votes } = await step.read();
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw diverged(index, loss, gradNorm);
      const several = Object.keys(terms).length > 1 ? { terms } : {};
      await this.onRead({ step: index, trainLoss: loss, ...several, lr, gradNorm }, tokens, votes);
    }
  }
}

function diverged(step: number, loss: number, gradNorm: number): GptorchError {
  const numbers = `loss ${loss}, gradient norm ${gradNorm}`;
  const advice = 'lower train.lr or lengthen train.warmupSteps; the last checkpoint is whole';
  return new GptorchError('ERR_DIVERGED', `training diverged at step ${step}: ${numbers}; ${advice}`);
}
