import { ArgumentError, InputError } from '../../errors.js';
import { CHAT_SPECIAL_TOKENS, CharTokenizer } from '../char-tokenizer.js';
import { encodePlain } from '../plain-text.js';
import type { Tokenizer } from '../tokenizer.js';
import type { Dialogue } from './dialogue.js';

/** Whose words are learned: those of both speakers, or of the second alone, who answers (the 2nd, 4th … utterance). */
export const LOSS_ON = ['both', 'answers'] as const;
/** One of `LOSS_ON`. */
export type LossOn = (typeof LOSS_ON)[number];

/** A dialogue as token ids. */
export interface EncodedDialogue {
  /** Token ids, each utterance with its separator at the end. */
  utterances: number[][];
  /** Utterances that were cut from the front; says who speaks first. */
  dropped: number;
}

/** What encoding dialogues gave. */
export interface EncodedDialogues {
  dialogues: EncodedDialogue[];
  /** Dialogues that lost something because they were too long. */
  cut: number;
}

/**
 * The vocabulary of the chat recipe: `<pad>` 0, `<unk>` 1, `<sep>` 2, then characters in the order in which they come.
 * @param options `minimumCount`: characters seen less often are `<unk>`. Default 1.
 */
export function chatTokenizer(
  dialogues: Iterable<Pick<Dialogue, 'utterances'>>,
  { minimumCount = 1 }: { minimumCount?: number | undefined } = {},
): CharTokenizer {
  const texts = Array.from(dialogues, ({ utterances }) => utterances.join(''));
  return CharTokenizer.fromTexts(texts, { specialTokens: CHAT_SPECIAL_TOKENS, minimumCount });
}

/**
 * Dialogues as `u1 <sep> u2 <sep> … un <sep>`. One that is longer than `contextLength` + 1 tokens (an input and its
 * target) loses whole utterances from the front; of a last utterance that alone is too long, the end stays. A framing
 * token that is written out in an utterance is text.
 * @param separator the token after each utterance. Default `<sep>`.
 * @throws InputError when the vocabulary has no `separator`.
 */
export function encodeDialogues(
  dialogues: Iterable<Pick<Dialogue, 'utterances'>>,
  tokenizer: Tokenizer,
  { contextLength, separator = '<sep>' }: { contextLength: number; separator?: string },
): EncodedDialogues {
  if (!Number.isInteger(contextLength) || contextLength < 1) {
    throw new ArgumentError(`contextLength is ${contextLength}; allowed: whole numbers from 1`);
  }
  const end = tokenizer.tokenId(separator);
  if (end === undefined) throw new InputError(`the tokenizer has no token ${JSON.stringify(separator)}`);
  const encoded: EncodedDialogue[] = [];
  let cut = 0;
  for (const { utterances } of dialogues) {
    const whole = utterances.map((utterance) => [...encodePlain(tokenizer, utterance), end]);
    const fitted = cutFront(whole, contextLength + 1);
    if (tokenCount(fitted.utterances) < tokenCount(whole)) cut++;
    encoded.push(fitted);
  }
  return { dialogues: encoded, cut };
}

/** Which targets of a dialogue count. */
export interface DialogueTargetOptions {
  /** Default `both`. */
  lossOn?: LossOn | undefined;
  /** Targets of this id do not count. Default: none. */
  uncounted?: number | undefined;
}

/**
 * What a dialogue trains: `[:-1]` in, `[1:]` out, -100 where a target does not count. The separator after an answer
 * counts as part of it: without it the model would not learn to stop.
 */
export function dialogueTargets(
  { utterances, dropped }: EncodedDialogue,
  { lossOn = 'both', uncounted }: DialogueTargetOptions = {},
): { inputs: number[]; targets: number[]; targetCount: number } {
  const speaks = (index: number) => lossOn === 'both' || (index + dropped) % 2 === 1;
  const target = (id: number, index: number) => (speaks(index) && id !== uncounted ? id : -100);
  const targets = utterances.flatMap((ids, index) => ids.map((id) => target(id, index))).slice(1);
  return { inputs: utterances.flat().slice(0, -1), targets, targetCount: targets.filter((id) => id !== -100).length };
}

function cutFront(utterances: number[][], room: number): EncodedDialogue {
  let length = tokenCount(utterances);
  let dropped = 0;
  while (length > room && dropped < utterances.length - 1) length -= utterances[dropped++]?.length ?? 0;
  return { utterances: utterances.slice(dropped).map((ids) => (length > room ? ids.slice(-room) : ids)), dropped };
}

function tokenCount(utterances: number[][]): number {
  return utterances.reduce((sum, ids) => sum + ids.length, 0);
}
