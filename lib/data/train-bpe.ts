import { InputError } from '../errors.js';
import { checkSpecialToken, specialToken } from './added-tokens.js';
import { byteAlphabet, END_OF_TEXT, GPT2_PRE_TOKENIZER } from './byte-level.js';
import { type LearnOptions, learnMerges, type Merge } from './learn-merges.js';
import { SubwordTokenizer } from './subword-tokenizer.js';

const BYTES = 256;
/** The Node binding trains with the trainer's default settings only: pairs that occur once are merged too. */
const LARGEST = 30_000;

/** How a byte-level BPE is trained. */
export interface BpeTrainingOptions extends LearnOptions {
  /** Entries in all, 257 to 30,000. */
  vocabSize: number;
  /** The last entries, after `<|endoftext|>`. Default: none. */
  specialTokens?: readonly string[];
}

/**
 * Trains a byte-level BPE as GPT-2's on text files: 256 bytes, then merges, then `<|endoftext|>` and further special
 * tokens, so that every text can be encoded. The same files give the same tokenizer, and Python's `BpeTrainer` the same
 * merges. Needs the npm package `tokenizers`, to train only.
 *
 * @throws InputError when `vocabSize` is out of range or more than the text gives, or a file cannot be read as text.
 * @throws ArgumentError on a special token with white space or of less than two characters.
 * @throws LoadError when `tokenizers` is not installed; the message says what to run.
 * @throws the signal's reason when it is aborted.
 */
export async function trainBpeTokenizer(
  files: readonly string[],
  { vocabSize, specialTokens = [], ...options }: BpeTrainingOptions,
): Promise<SubwordTokenizer> {
  const special = [...new Set([END_OF_TEXT, ...specialTokens])];
  specialTokens.forEach(checkSpecialToken);
  const smallest = BYTES + special.length;
  if (!Number.isInteger(vocabSize) || vocabSize < smallest || vocabSize > LARGEST) {
    const largest = `${LARGEST} (the most that the npm package "tokenizers" trains)`;
    throw new InputError(
      `vocabSize of the BPE is ${vocabSize}; allowed: ${smallest} (256 bytes and ${special.join(', ')}) to ${largest}`,
    );
  }
  return new SubwordTokenizer(cutToSize(await learnMerges(files, options), vocabSize, special));
}

/** Merges are in the order of training, so cutting them gives what training for the smaller size would have given. */
function cutToSize(merges: readonly Merge[], vocabSize: number, special: readonly string[]): object {
  const tokens = new Set(byteAlphabet());
  const kept: Merge[] = [];
  for (const merge of merges) {
    if (tokens.size === vocabSize - special.length) break;
    kept.push(merge);
    tokens.add(merge.join(''));
  }
  const most = tokens.size + special.length;
  if (most < vocabSize) {
    throw new InputError(
      `vocabSize of the BPE is ${vocabSize}, but the text gives ${most} entries at most; use ${most} or more text`,
    );
  }
  const learned = special.find((token) => tokens.has(token));
  if (learned !== undefined) {
    throw new InputError(`special token ${JSON.stringify(learned)} is an ordinary entry too; choose another name`);
  }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((token, i) => specialToken(token, tokens.size + i)),
    normalizer: null,
    pre_tokenizer: GPT2_PRE_TOKENIZER,
    post_processor: null,
    decoder: GPT2_PRE_TOKENIZER,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...tokens, ...special].map((token, id) => [token, id])),
      merges: kept,
    },
  };
}
