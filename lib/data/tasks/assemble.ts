import { ArgumentError, inputAt } from '../../errors.js';
import { encodePlain } from '../plain-text.js';
import type { TaskTokens } from '../task-tokens.js';
import type { Question } from './task.js';

/** An example as token ids. */
export interface EncodedExample {
  /** `start part delim part … extract` each; the last token is the extract token. */
  sequences: number[][];
  /** The place of the right class or choice, or a score; NaN where there is none (to predict). */
  answer: number;
  /** A part was too long and lost its end, or what stands before an end that is kept. */
  isCut: boolean;
}

/** Turns examples into token ids, as the paper's figure 1 draws them. */
export class Assembler {
  readonly #tokens: TaskTokens;
  readonly maxLength: number;

  /** @param maxLength tokens of the longest sequence, special tokens included */
  constructor(tokens: TaskTokens, maxLength: number) {
    if (!Number.isInteger(maxLength) || maxLength < 5) {
      throw new ArgumentError(
        `maxLength is ${maxLength}; allowed: whole numbers from 5 (two parts and special tokens)`,
      );
    }
    this.#tokens = tokens;
    this.maxLength = maxLength;
  }

  /**
   * The sequences of a question as token ids. A framing token that is written out in a text is text.
   * @param where the line that the question stands in, for messages
   */
  encode({ sequences, bothOrders, keptEnd }: Question, where: string): Pick<EncodedExample, 'sequences' | 'isCut'> {
    const parts = sequences.map((texts) => texts.map((text) => this.#encodePart(text, where)));
    const kept = keptEnd === undefined ? 0 : this.#encodePart(keptEnd, where).length;
    return assemble(parts, { ...this.#tokens, maxLength: this.maxLength, bothOrders, keptEnd: kept });
  }

  #encodePart(text: string, where: string): number[] {
    return inputAt(where, () => encodePlain(this.#tokens.tokenizer, text));
  }
}

export interface AssembleOptions extends Pick<TaskTokens, 'start' | 'delimiter' | 'extract'> {
  maxLength: number;
  bothOrders: boolean;
  /** Tokens at the end of each first part that stay whole as long as there is something before them to cut. Default 0. */
  keptEnd?: number;
}

/**
 * Puts parts together with their special tokens. Where they are longer than `maxLength`, each part is cut to its share:
 * short ones stay whole, what they leave goes to the longer ones; the special tokens always stay. Both orders have the
 * same tokens.
 * @param sequences for each the token ids of its parts
 */
export function assemble(
  sequences: readonly (readonly (readonly number[])[])[],
  { start, delimiter, extract, maxLength, bothOrders, keptEnd = 0 }: AssembleOptions,
): Pick<EncodedExample, 'sequences' | 'isCut'> {
  let isCut = false;
  const cut = sequences.map((parts) => {
    const lengths = parts.map((part) => part.length);
    const kept = shares(lengths, maxLength - 1 - parts.length);
    isCut ||= kept.some((length, i) => length < (lengths[i] ?? 0));
    return parts.map((part, i) => cutPart(part, kept[i] ?? 0, i === 0 ? keptEnd : 0));
  });
  const ordered = bothOrders ? cut.flatMap((parts) => [parts, parts.toReversed()]) : cut;
  const join = (parts: number[][]) => parts.flatMap((part, i) => (i === 0 ? part : [delimiter, ...part]));
  return { sequences: ordered.map((parts) => [start, ...join(parts), extract]), isCut };
}

/** `length` tokens of a part: of its last `keptEnd` as many as fit, then of its beginning. */
function cutPart(part: readonly number[], length: number, keptEnd: number): number[] {
  if (length >= part.length) return [...part];
  const end = Math.max(0, part.length - keptEnd);
  const fromEnd = Math.min(part.length - end, length);
  return [...part.slice(0, length - fromEnd), ...part.slice(end, end + fromEnd)];
}

/** How much of each length fits into `room`: from the shortest up, each gets an equal share of what is left. */
export function shares(lengths: readonly number[], room: number): number[] {
  const kept = [...lengths];
  const byLength = lengths.map((length, index) => ({ length, index })).sort((a, b) => a.length - b.length);
  let left = room;
  for (const [done, { length, index }] of byLength.entries()) {
    const share = Math.min(length, Math.floor(left / (lengths.length - done)));
    kept[index] = share;
    left -= share;
  }
  return kept;
}
