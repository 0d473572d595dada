import { ArgumentError, InputError } from '../../errors.js';
import { Random } from '../random.js';
import type { Dialogue } from './dialogue.js';

/** Two parts that have nothing in common. */
export interface Split<T> {
  train: T[];
  validation: T[];
}

/**
 * Holds out dialogues that are drawn by the seed; each part keeps the order of the files. Dialogues of the same words
 * go to the same part, so that nothing that was trained on is validated on.
 * `validationFraction`: at least this part of the dialogues, and at least one unless it is 0; 0 to below 1.
 * @throws InputError when nothing would be left to train on.
 */
export function splitDialogues<D extends Pick<Dialogue, 'utterances'>>(
  dialogues: readonly D[],
  { validationFraction, seed }: { validationFraction: number; seed: number },
): Split<D> {
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    throw new ArgumentError(`validationFraction is ${validationFraction}; allowed: 0 to below 1`);
  }
  const groups = new Map<string, number[]>();
  for (const [index, { utterances }] of dialogues.entries()) {
    const words = utterances.join('\n');
    groups.set(words, [...(groups.get(words) ?? []), index]);
  }
  // Away from binary fractions just above the number: 0.07 of 100 dialogues are 7.
  const wanted = Math.ceil(dialogues.length * validationFraction - 1e-9);
  const held = new Set<number>();
  for (const group of new Random(seed).shuffle([...groups.values()])) {
    if (held.size >= wanted) break;
    for (const index of group) held.add(index);
  }
  if (held.size === dialogues.length) {
    throw new InputError(
      `${dialogues.length} dialogues with validationFraction ${validationFraction}: none to train on`,
    );
  }
  return {
    train: dialogues.filter((_, index) => !held.has(index)),
    validation: dialogues.filter((_, index) => held.has(index)),
  };
}
