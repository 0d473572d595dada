/** What a head's logits mean. */

import { highest } from '../extremes.js';

/** softmax(logits), in double. */
export function probabilitiesOf(logits: readonly number[]): number[] {
  const top = highest(logits);
  const exponentials = logits.map((logit) => Math.exp(logit - top));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}

/** The place of the highest; the first of equals. */
export function predictionOf(logits: readonly number[]): number {
  return logits.reduce((best, logit, i) => (logit > (logits[best] ?? Number.NEGATIVE_INFINITY) ? i : best), 0);
}

/** -log softmax(logits)[answer], in double. */
export function crossEntropyOf(logits: readonly number[], answer: number): number {
  const top = highest(logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - top), 0);
  return Math.log(sum) + top - (logits[answer] ?? Number.NaN);
}
