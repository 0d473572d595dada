import { noGrad, scope, type Tensor } from '../tensor/index.js';
import type { Batch, SumLoss } from './batch.js';

/** Batches that are under way at once: the engine never waits, and its queue stays short. */
const BATCHES_AHEAD = 4;

/**
 * Mean loss per target over all the batches, in nats, without gradients. The model is expected in evaluation mode, and
 * then nothing random is drawn.
 * @returns undefined when `signal` was aborted before the end; NaN when there is no target.
 */
export async function evaluate<B extends Batch>(
  batches: AsyncIterable<B> | Iterable<B>,
  sumLoss: SumLoss<B>,
  signal?: AbortSignal,
): Promise<number | undefined> {
  let sum = 0;
  let targets = 0;
  const pending: Tensor[] = [];
  const readDownTo = async (length: number) => {
    for (const loss of pending.splice(0, pending.length - length)) {
      sum += await loss.item();
      loss.dispose();
    }
  };
  for await (const batch of batches) {
    pending.push(scope(() => noGrad(() => sumLoss(batch))));
    targets += batch.targetCount;
    batch.dispose();
    if (pending.length > BATCHES_AHEAD) await readDownTo(BATCHES_AHEAD);
    if (signal?.aborted === true) break;
  }
  await readDownTo(0);
  return signal?.aborted === true ? undefined : sum / targets;
}
