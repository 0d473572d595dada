import type { GPT } from '../model/index.js';
import { LanguageModelingObjective } from '../objectives/index.js';
import type { TokenBatch } from './corpus.js';
import { evaluate } from './evaluate.js';

/**
 * Mean loss of a language model per target, in nats, without dropout; the model is in the mode that it was in afterwards.
 * @returns undefined when `signal` was aborted
 */
export async function languageModelLoss(
  model: GPT,
  batches: Iterable<TokenBatch>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const { training } = model;
  model.eval();
  try {
    return await evaluate(batches, new LanguageModelingObjective(model), signal);
  } finally {
    model.training = training;
  }
}
