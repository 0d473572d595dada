import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { CHAT_SPECIAL_TOKENS, CharTokenizer, UnknownCharacterError } from '../../../lib/data/index.js';
import { openRustTokenizer } from '../../../lib/data/rust-tokenizers.js';
import { HARD_TEXTS } from './hard-text.js';
import { messageOf, temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const everything = Object.values(HARD_TEXTS).join('\n');
const chat = CharTokenizer.fromTexts(['你好a b\n', '𝒳'], { specialTokens: CHAT_SPECIAL_TOKENS });

/** Both libraries' ids for what the tokenizer would save. */
async function otherIds(tokenizer: CharTokenizer, text: string): Promise<{ javascript: number[]; rust: number[] }> {
  const json = JSON.parse(JSON.stringify(tokenizer));
  const javascript = new HuggingFaceTokenizer(json, {}).encode(text, { add_special_tokens: false }).ids;
  const rust = await openRustTokenizer(json)?.encode(text, null, { addSpecialTokens: false });
  return { javascript, rust: rust?.getIds() ?? [] };
}

describe('CharTokenizer', () => {
  it('numbers characters as they are first seen, without special tokens unless asked for', () => {
    const tokenizer = CharTokenizer.fromTexts(['hello', ' world']);
    expect(tokenizer.vocabSize).toBe(8);
    expect(tokenizer.encode('hello world')).toEqual([0, 1, 2, 2, 3, 4, 5, 3, 6, 2, 7]);
    expect(tokenizer.tokenId('w')).toBe(5);
    expect(tokenizer.tokenId('<unk>')).toBeUndefined();
  });

  it('gives the special tokens of the chat recipe the ids 0, 1 and 2', () => {
    expect(['<pad>', '<unk>', '<sep>', '你', '好', 'a'].map((token) => chat.tokenId(token))).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
  });

  it('leaves rare characters to <unk>, and keeps the order of the others', async () => {
    const common = CharTokenizer.fromTexts(['xabca', 'cb𝒳𝒳b'], { specialTokens: CHAT_SPECIAL_TOKENS, minimumCount: 2 });
    expect(common.tokens).toEqual(['<pad>', '<unk>', '<sep>', 'a', 'b', 'c', '𝒳']);
    expect(common.encode('xa')).toEqual([1, 3]);
    expect(await messageOf(() => CharTokenizer.fromTexts(['a'], { minimumCount: 2 }))).toBe(
      'ArgumentError: minimumCount is 2; without <unk> only 1 is allowed',
    );
    expect(await messageOf(() => CharTokenizer.fromTexts(['a'], { minimumCount: 0.5 }))).toBe(
      'ArgumentError: minimumCount is 0.5; allowed: whole numbers from 1',
    );
  });

  it('counts code points, not UTF-16 units', () => {
    expect(CharTokenizer.fromTexts(['👍🏽']).vocabSize).toBe(2);
    expect(chat.encode('𝒳a')).toEqual([9, 5]);
  });

  it('reads special tokens in the text, and <unk> for what it does not know', () => {
    expect(chat.encode('你<sep>é🙂<pad>b<sep')).toEqual([3, 2, 1, 1, 0, 7, 1, 1, 1, 1]);
  });

  it('takes the longer of two special tokens that begin alike', () => {
    const tokenizer = CharTokenizer.fromTexts(['a'], { specialTokens: ['<s>', '<s>>', '(.*'] });
    expect(tokenizer.encode('a<s>a<s>>(.*a')).toEqual([3, 0, 3, 1, 2, 3]);
  });

  it.each(Object.entries(HARD_TEXTS))('decodes what it encoded: %s', (_, text) => {
    const tokenizer = CharTokenizer.fromTexts([everything]);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it.each(Object.entries(HARD_TEXTS))('gives the ids of both Hugging Face libraries: %s', async (_, text) => {
    const whole = CharTokenizer.fromTexts([everything]);
    const half = CharTokenizer.fromTexts([everything.slice(0, 150)], { specialTokens: CHAT_SPECIAL_TOKENS });
    for (const [tokenizer, given] of [
      [whole, text],
      [half, `<sep>${text}<unk><pad> <sep>${text}<sep`],
    ] as const) {
      const ids = tokenizer.encode(given);
      expect(await otherIds(tokenizer, given)).toEqual({ javascript: ids, rust: ids });
    }
  });

  it('decodes as Hugging Face does: no spaces between, none taken away', () => {
    const ids = chat.encode('a b\n你 <sep> 好');
    const other = new HuggingFaceTokenizer(JSON.parse(JSON.stringify(chat)), {});
    expect(other.decode(ids, { clean_up_tokenization_spaces: false })).toBe('a b\n你 <sep> 好');
    expect(chat.decode(ids)).toBe('a b\n你 <sep> 好');
    expect(chat.decode(new Uint16Array([3, 2]))).toBe('你<sep>');
    expect(chat.decode([])).toBe('');
  });

  it('names a character that it does not know, and its place', async () => {
    const tokenizer = CharTokenizer.fromTexts(['abc𝒳']);
    expect(await messageOf(() => tokenizer.encode('a𝒳bé'))).toBe(
      'UnknownCharacterError: character "é" (U+00E9) at position 4 is not in the vocabulary',
    );
    expect(await messageOf(() => tokenizer.encode('a\nb'))).toContain('character "\\n" (U+000A) at position 1 ');
    expect(await messageOf(() => tokenizer.encode('🙂'))).toContain('character "🙂" (U+1F642) at position 0 ');
    expect(() => tokenizer.encode('é')).toThrow(UnknownCharacterError);
    expect(() => tokenizer.encode('é')).toThrow(expect.objectContaining({ code: 'ERR_INPUT', position: 0 }));
  });

  it('refuses half a surrogate pair', async () => {
    const says = 'ArgumentError: the text has half of a surrogate pair (U+D83D) at position 1';
    expect(await messageOf(() => chat.encode('a\ud83d'))).toBe(says);
    expect(await messageOf(() => CharTokenizer.fromTexts(['a\ud83d']))).toBe(says);
    expect(await messageOf(() => chat.encode('a\ud83db\ude00'))).toBe(says);
  });

  it('refuses ids that are out of range', async () => {
    expect(await messageOf(() => chat.decode([0, 10]))).toBe(
      'ArgumentError: token id 10 at position 1 is out of range; allowed: 0 to 9',
    );
    for (const id of [-1, 1.5, Number.NaN])
      expect(await messageOf(() => chat.decode([id]))).toContain(`token id ${id} at`);
  });

  it('refuses a vocabulary that is none', async () => {
    expect(await messageOf(() => new CharTokenizer(['a', 'a']))).toBe(
      'ArgumentError: the vocabulary has the same token twice',
    );
    expect(await messageOf(() => new CharTokenizer(['ab']))).toBe(
      'ArgumentError: the vocabulary has "ab"; allowed: single characters',
    );
    for (const token of ['x', '', '< >']) {
      expect(await messageOf(() => new CharTokenizer(['a'], { specialTokens: [token] }))).toBe(
        `ArgumentError: special token ${JSON.stringify(token)}; allowed: two characters or more without white space`,
      );
    }
  });

  it('collects characters from files', async () => {
    const files = [await folder.write('a.txt', '\ufeffab\n'), await folder.write('b.txt', 'bc')];
    const tokenizer = await CharTokenizer.fromFiles(files);
    expect(tokenizer.decode([0, 1, 2, 3])).toBe('ab\nc');
  });
});
