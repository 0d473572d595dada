import { z } from 'zod';
import { specialToken } from './added-tokens.js';

/** Stands for characters that are not in the vocabulary. */
export const UNKNOWN_TOKEN = '<unk>';

export interface CharVocabulary {
  /** Ids from 0. */
  specialTokens: readonly string[];
  /** Ids after those of the special tokens. */
  characters: readonly string[];
  /** Special tokens with the ids after those of the characters. */
  addedTokens: readonly string[];
}

/**
 * A character vocabulary in Hugging Face's form. BPE without merges is the one model that both Python's `tokenizers`
 * and `@huggingface/tokenizers` know (the latter has no WordLevel) and that leaves white space as it is: no
 * pre-tokenizer, each character a token of its own, and `Fuse` joins them without spaces.
 */
export function charTokenizerJson({ specialTokens, characters, addedTokens }: CharVocabulary): object {
  const entries = [...specialTokens, ...characters];
  const after = addedTokens.map((token, i) => specialToken(token, entries.length + i));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...specialTokens.map(specialToken), ...after],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: specialTokens.includes(UNKNOWN_TOKEN) ? UNKNOWN_TOKEN : null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(entries.map((token, id) => [token, id])),
      merges: [],
    },
  };
}

/** `tokenizer_config.json`, by which transformers' AutoTokenizer reads the vocabulary as it stands. */
export function charTokenizerConfig(specialTokens: readonly string[]): object {
  const named = { pad_token: '<pad>', unk_token: UNKNOWN_TOKEN, sep_token: '<sep>' };
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    clean_up_tokenization_spaces: false,
    ...Object.fromEntries(Object.entries(named).filter(([, token]) => specialTokens.includes(token))),
  };
}

const CharFormSchema = z.object({
  added_tokens: z.array(z.object({ id: z.int(), content: z.string(), special: z.literal(true) })),
  normalizer: z.null(),
  pre_tokenizer: z.null(),
  post_processor: z.null(),
  decoder: z.object({ type: z.literal('Fuse') }),
  model: z.object({
    type: z.literal('BPE'),
    unk_token: z.string().nullable(),
    vocab: z.record(z.string(), z.int()),
    merges: z.array(z.unknown()).length(0),
  }),
});

/** The vocabulary that `charTokenizerJson` wrote; undefined when `json` is another kind of tokenizer. */
export function readCharVocabulary(json: unknown): CharVocabulary | undefined {
  const { success, data } = CharFormSchema.safeParse(json);
  if (!success) return undefined;
  const tokens = Object.entries(data.model.vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);
  const isFirst = ({ id }: { id: number }) => id < tokens.length;
  const specialTokens = data.added_tokens.filter(isFirst).map(({ content }) => content);
  const addedTokens = data.added_tokens.filter((token) => !isFirst(token)).map(({ content }) => content);
  const characters = tokens.slice(specialTokens.length);
  // The same words in, the same words out: only then is nothing of the file lost.
  const vocabulary = { specialTokens, characters, addedTokens };
  const ids = [...specialTokens.keys(), ...Array.from(addedTokens, (_, i) => tokens.length + i)];
  const isSame =
    data.added_tokens.every(({ id }, i) => id === ids[i]) &&
    specialTokens.every((token, id) => tokens[id] === token) &&
    tokens.every((token, id) => data.model.vocab[token] === id) &&
    characters.every((character) => [...character].length === 1) &&
    data.model.unk_token === (specialTokens.includes(UNKNOWN_TOKEN) ? UNKNOWN_TOKEN : null);
  return isSame ? vocabulary : undefined;
}
