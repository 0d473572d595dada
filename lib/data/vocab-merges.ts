import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import { specialToken } from './added-tokens.js';
import { END_OF_TEXT, GPT2_PRE_TOKENIZER } from './byte-level.js';
import { readJson, readJsonIfThere } from './read-json.js';
import { readText } from './read-text.js';

const idsOf = z.record(z.string(), z.int().min(0));

/** How GPT-1 marks the end of a word. */
const WORD_END = '</w>';

/** Rules of the two released models, as transformers' converters write them. */
const GPT2 = {
  specialToken: END_OF_TEXT,
  unknownToken: null,
  suffix: null,
  normalizer: null,
  pre_tokenizer: GPT2_PRE_TOKENIZER,
  decoder: GPT2_PRE_TOKENIZER,
};
const GPT1 = {
  specialToken: '<unk>',
  unknownToken: '<unk>',
  suffix: WORD_END,
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  decoder: { type: 'BPEDecoder', suffix: WORD_END },
};

/**
 * The content of the `tokenizer.json` that stands for `vocab.json` and `merges.txt`, and for `added_tokens.json` where
 * there is one: GPT-1's lower-casing BPE where entries end in `</w>`, otherwise GPT-2's byte-level one.
 * @throws InputError naming file and line.
 */
export async function readVocabAndMerges(dir: string): Promise<object> {
  const vocabFile = join(dir, 'vocab.json');
  const vocab = parseOrThrow(idsOf, await readJson(vocabFile), vocabFile);
  const merges = await readMerges(join(dir, 'merges.txt'), vocab);
  const addedFile = join(dir, 'added_tokens.json');
  const added = parseOrThrow(idsOf, (await readJsonIfThere(addedFile)) ?? {}, addedFile);
  const rules = Object.keys(vocab).some((token) => token.endsWith(WORD_END)) ? GPT1 : GPT2;
  const specialId = Object.hasOwn(vocab, rules.specialToken) ? vocab[rules.specialToken] : undefined;
  const special = { ...(specialId === undefined ? {} : { [rules.specialToken]: specialId }), ...added };
  const { normalizer, pre_tokenizer, decoder } = rules;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Object.entries(special)
      .map(([token, id]) => specialToken(token, id))
      .sort((a, b) => a.id - b.id),
    ...{ normalizer, pre_tokenizer, post_processor: null, decoder },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: specialId === undefined ? null : rules.unknownToken,
      continuing_subword_prefix: '',
      end_of_word_suffix: rules.suffix,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

/** A pair a line, most useful first, after the line `#version: …`. */
async function readMerges(file: string, vocab: Readonly<Record<string, number>>): Promise<[string, string][]> {
  const merges: [string, string][] = [];
  for (const [index, line] of (await readText(file)).split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#version')) continue;
    const [left, right, ...more] = line.split(' ');
    const where = `${file}:${index + 1}`;
    if (!left || !right || more.length > 0) {
      throw new InputError(`${where}: ${JSON.stringify(line)} is no pair; allowed: two entries and a space between`);
    }
    const missing = [left, right, left + right].find((token) => !Object.hasOwn(vocab, token));
    if (missing !== undefined) throw new InputError(`${where}: ${JSON.stringify(missing)} is not in vocab.json`);
    merges.push([left, right]);
  }
  return merges;
}
