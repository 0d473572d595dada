import { type AdamW, clipGradNorm } from '../optim/index.js';
import { engine, scope, type Tensor } from '../tensor/index.js';
import type { Batch, SumLoss } from './batch.js';

export interface StepOptions<B extends Batch> {
  /** The micro-batches of the step. They are disposed of. */
  batches: readonly B[];
  sumLoss: SumLoss<B>;
  optimizer: AdamW;
  parameters: [name: string, parameter: Tensor][];
  lr: number;
  /** Highest global norm of the gradient; 0: no clipping. */
  clip: number;
}

/** An optimizer step that is queued: its numbers arrive when the engine has come to it. */
export interface PendingStep {
  targets: number;
  /** Mean loss per target before the update, and the gradient's norm before clipping. Reads once; frees the tensors. */
  read(): Promise<{ loss: number; gradNorm: number }>;
}

/**
 * Queues forward, backward and update. Each micro-batch's loss is a sum divided by the targets of the whole step, so
 * that gradients add up to that of the mean over all targets, however unevenly the micro-batches are filled.
 */
export async function queueStep<B extends Batch>(options: StepOptions<B>): Promise<PendingStep> {
  const { batches, sumLoss, optimizer, parameters, lr, clip } = options;
  const targets = batches.reduce((sum, batch) => sum + batch.targetCount, 0);
  const losses: Tensor[] = [];
  for (const batch of batches) {
    if (losses.length > 0) await engine.drained();
    losses.push(
      scope(() => {
        const loss = sumLoss(batch).mul(1 / targets);
        loss.backward();
        return loss;
      }),
    );
    batch.dispose();
  }
  const gradNorm = clipGradNorm(parameters, clip > 0 ? clip : Number.POSITIVE_INFINITY);
  optimizer.step({ lr });
  optimizer.zeroGrad();
  return {
    targets,
    async read() {
      const values = await Promise.all([gradNorm, ...losses].map((tensor) => tensor.item()));
      for (const tensor of [gradNorm, ...losses]) tensor.dispose();
      const [norm = Number.NaN, ...shares] = values;
      return { loss: shares.reduce((sum, share) => sum + share, 0), gradNorm: norm };
    },
  };
}
