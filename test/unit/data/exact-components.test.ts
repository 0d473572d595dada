import { createRequire } from 'node:module';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { GPT2_WORDS } from '../../../lib/data/byte-level.js';
import { exactNormalizer } from '../../../lib/data/exact-normalizer.js';
import { exactPreTokenizer } from '../../../lib/data/exact-pre-tokenizer.js';
import type { Component } from '../../../lib/data/tokenizer-json.js';
import { HARD_TEXTS } from './hard-text.js';
import { randomTexts } from './random-text.js';

/** The parts of the Rust package that show what a component alone makes of a text. */
interface Rust {
  Tokenizer: {
    fromString(json: string): {
      getNormalizer(): { normalizeString(text: string): string };
      getPreTokenizer(): { preTokenizeString(text: string): [word: string, offsets: number[]][] };
    };
  };
}

const require = createRequire(import.meta.url);
const texts = [...Object.values(HARD_TEXTS), 'ΟΔΥΣΣΕΥΣ 𠮷 龥 İ $& a$b', ...randomTexts(200, { seed: 7 })].filter(
  Boolean,
);

function json(parts: { normalizer?: Component | null; pre_tokenizer?: Component | null }): object {
  const model = { type: 'BPE', vocab: { a: 0 }, merges: [] };
  const none = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  return { version: '1.0', truncation: null, padding: null, added_tokens: [], ...none, ...parts, model };
}

const bert = { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null };
const normalizers: Component[] = [
  { ...bert, lowercase: true },
  { ...bert, lowercase: false },
  { ...bert, lowercase: true, strip_accents: false, clean_text: false, handle_chinese_chars: false },
  { type: 'Lowercase' },
  { type: 'NFC' },
  { type: 'NFD' },
  { type: 'NFKC' },
  { type: 'NFKD' },
  { type: 'StripAccents' },
  { type: 'Strip', strip_left: true, strip_right: true },
  { type: 'Strip', strip_left: true, strip_right: false },
  { type: 'Prepend', prepend: '$&' },
  { type: 'Replace', pattern: { String: 'a' }, content: '$&$' },
  { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'Lowercase' }, { type: 'StripAccents' }] },
];

const metaspace = { type: 'Metaspace', replacement: '▁' };
const split = { type: 'Split', invert: false };
const spaces = { ...split, pattern: { String: ' ' } };
const preTokenizers: Component[] = [
  { type: 'BertPreTokenizer' },
  { type: 'Whitespace' },
  { type: 'WhitespaceSplit' },
  ...['Isolated', 'Removed', 'Contiguous', 'MergedWithPrevious', 'MergedWithNext'].flatMap((behavior) => [
    { type: 'Punctuation', behavior },
    { ...spaces, behavior },
  ]),
  { type: 'Digits', individual_digits: false },
  { type: 'Digits', individual_digits: true },
  { type: 'CharDelimiterSplit', delimiter: ' ' },
  { type: 'CharDelimiterSplit', delimiter: '.' },
  { type: 'FixedLength', length: 3 },
  { ...metaspace, prepend_scheme: 'always', split: true },
  { ...metaspace, prepend_scheme: 'first', split: true },
  { ...metaspace, prepend_scheme: 'never', split: false },
  { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: false },
  { ...split, pattern: { Regex: GPT2_WORDS }, behavior: 'Isolated' },
  { ...split, pattern: { Regex: '\\w+|\\d' }, behavior: 'Removed', invert: true },
  { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Punctuation', behavior: 'Isolated' }] },
];

const named = (components: Component[]) => components.map((one) => [JSON.stringify(one), one] as const);
const rust = (() => {
  try {
    return require('tokenizers') as Rust;
  } catch {
    return undefined;
  }
})();

describe.skipIf(rust === undefined)('as in Rust (skipped where the package "tokenizers" is not installed)', () => {
  it.each(named(normalizers))('normalizes: %s', (_, normalizer) => {
    const own = new HuggingFaceTokenizer(json({ normalizer: exactNormalizer(normalizer) }), {}).normalizer;
    const other = rust?.Tokenizer.fromString(JSON.stringify(json({ normalizer }))).getNormalizer();
    for (const text of texts) expect(own?.normalize(text)).toBe(other?.normalizeString(text));
  });

  it.each(named(preTokenizers))('cuts into words: %s', (_, preTokenizer) => {
    const parts = { pre_tokenizer: exactPreTokenizer(preTokenizer) };
    const own = new HuggingFaceTokenizer(json(parts), {}).pre_tokenizer;
    const other = rust?.Tokenizer.fromString(JSON.stringify(json({ pre_tokenizer: preTokenizer }))).getPreTokenizer();
    for (const text of texts) {
      const words = own?.pre_tokenize(text, { section_index: 0 }).filter((word: string) => word !== '');
      expect(words).toEqual(other?.preTokenizeString(text).map(([word]) => word));
    }
  });
});

it('refuses what it could only do otherwise', () => {
  const inverted = { ...spaces, behavior: 'Isolated', invert: true };
  expect(() => exactPreTokenizer(inverted)).toThrow('a Split with invert has behavior "Isolated"; allowed: "Removed"');
  expect(() => exactPreTokenizer({ ...spaces, behavior: 'Odd' })).toThrow('a Split has behavior "Odd"');
});
