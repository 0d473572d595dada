import { ArgumentError } from '../errors.js';
import type { GPT } from '../model/index.js';
import { noGrad, scope, tensor } from '../tensor/index.js';
import { checkTokens } from './generate.js';

/** How probable a model finds a sequence. */
export interface Score {
  /** log P(x_{i+1} | x_0 … x_i), one fewer than tokens. */
  logProbs: number[];
  /** Mean of their negatives; null for a single token. */
  loss: number | null;
}

/**
 * How probable the model finds a sequence.
 * @throws ArgumentError for a sequence longer than the context, an empty one, or a token outside the vocabulary
 */
export async function score(model: GPT, tokens: readonly number[]): Promise<Score> {
  checkTokens(model, tokens);
  const { contextLength } = model.config;
  if (tokens.length > contextLength) {
    throw new ArgumentError(`${tokens.length} tokens are more than the context length of ${contextLength}`);
  }
  if (tokens.length === 1) return { logProbs: [], loss: null };
  const wasTraining = model.training;
  model.eval();
  const place = { dtype: 'int64', device: model.device } as const;
  const gathered = noGrad(() =>
    scope(() => {
      const logits = model.forward(tensor([tokens.slice(0, -1)], place)); // (1, T - 1, vocabSize)
      const targets = tensor(tokens.slice(1), place).reshape(1, -1, 1); // (1, T - 1, 1)
      return logits.logSoftmax().gather(2, targets).reshape(-1); // (T - 1)
    }),
  );
  model.training = wasTraining;
  const logProbs = Array.from(await gathered.toArray(), Number);
  gathered.dispose();
  return { logProbs, loss: -logProbs.reduce((sum, logProb) => sum + logProb, 0) / logProbs.length };
}
