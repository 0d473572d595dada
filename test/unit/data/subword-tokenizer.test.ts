import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { SubwordTokenizer, trainBpeTokenizer } from '../../../lib/data/index.js';
import { findRustTokenizers, openRustTokenizer } from '../../../lib/data/rust-tokenizers.js';
import { HARD_TEXTS } from './hard-text.js';
import { messageOf, temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const everything = `${Object.values(HARD_TEXTS).join('\n')}\n`.repeat(3);
let file: string;
let tokenizer: SubwordTokenizer;

beforeAll(async () => {
  file = await folder.write('text.txt', everything);
  tokenizer = await trainBpeTokenizer([file], { vocabSize: 500 });
});

interface Json {
  model: { vocab: Record<string, number>; merges: [string, string][] };
}

const json = (of: SubwordTokenizer) => JSON.parse(JSON.stringify(of)) as Json;

describe('trainBpeTokenizer', () => {
  it('gives exactly the entries asked for: 256 bytes, merges, <|endoftext|> last', () => {
    const { model } = json(tokenizer);
    expect(tokenizer.vocabSize).toBe(500);
    expect(Object.values(model.vocab).sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(tokenizer.tokenId('<|endoftext|>')).toBe(499);
    const bytes = Object.entries(model.vocab).filter(([, id]) => id < 256);
    expect(bytes.every(([token]) => token.length === 1)).toBe(true);
    // GPT-2's order of bytes.
    expect(['!', '~', '¡', 'ÿ', 'Ā', 'Ġ', 'Ń'].map((token) => model.vocab[token])).toEqual([
      0, 93, 94, 187, 188, 220, 255,
    ]);
  });

  it('cuts to size: a smaller vocabulary has the first merges of a larger one', async () => {
    const small = json(await trainBpeTokenizer([file], { vocabSize: 300 })).model.merges;
    expect(small).toEqual(json(tokenizer).model.merges.slice(0, small.length));
    const none = await trainBpeTokenizer([file], { vocabSize: 257 });
    expect(json(none).model.merges).toEqual([]);
    expect(none.encode('é<|endoftext|>')).toHaveLength(3);
  });

  it('gives the same tokenizer again', async () => {
    expect(json(await trainBpeTokenizer([file], { vocabSize: 500 }))).toEqual(json(tokenizer));
  });

  it('explains the limits of the size', async () => {
    for (const vocabSize of [256, 30_001, 300.5]) {
      expect(await messageOf(() => trainBpeTokenizer([file], { vocabSize }))).toBe(
        `InputError: vocabSize of the BPE is ${vocabSize}; allowed: 257 (256 bytes and <|endoftext|>) ` +
          'to 30000 (the most that the npm package "tokenizers" trains)',
      );
    }
  });

  it('puts further special tokens last, within the size', async () => {
    const trained = await trainBpeTokenizer([file], {
      vocabSize: 302,
      specialTokens: ['<sep>', '<|endoftext|>', '<x>'],
    });
    expect(trained.vocabSize).toBe(302);
    expect(trained.encode('<|endoftext|><sep><x>')).toEqual([299, 300, 301]);
    expect(json(trained).model.merges).toEqual(json(tokenizer).model.merges.slice(0, 302 - 256 - 3));
    const refused = trainBpeTokenizer([file], { vocabSize: 258, specialTokens: ['<sep>', '<x>'] });
    await expect(refused).rejects.toThrow('258; allowed: 259 (256 bytes and <|endoftext|>, <sep>, <x>) to 30000');
    expect(await messageOf(() => trainBpeTokenizer([file], { vocabSize: 300, specialTokens: ['x'] }))).toMatch(
      /^ArgumentError: special token "x"/,
    );
    expect(await messageOf(() => trainBpeTokenizer([file], { vocabSize: 500, specialTokens: ['ab'] }))).toBe(
      'InputError: special token "ab" is an ordinary entry too; choose another name',
    );
  });

  it('says how many entries a small text gives', async () => {
    const small = await folder.write('small.txt', 'abab');
    expect(await messageOf(() => trainBpeTokenizer([small], { vocabSize: 300 }))).toBe(
      'InputError: vocabSize of the BPE is 300, but the text gives 259 entries at most; use 259 or more text',
    );
  });

  it('reads its files strictly', async () => {
    const bad = await folder.write('bad.txt', Buffer.from('caf\xe9', 'latin1'));
    expect(await messageOf(() => trainBpeTokenizer([file, bad], { vocabSize: 300 }))).toBe(
      `InputError: ${bad}:1: not UTF-8: byte 0xE9 at offset 3`,
    );
  });

  it('stops when it is aborted', async () => {
    const training = trainBpeTokenizer([file], { vocabSize: 300, signal: AbortSignal.abort() });
    await expect(training).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });

  it('ends its process when it is aborted in the middle', async () => {
    const controller = new AbortController();
    const training = trainBpeTokenizer([file], { vocabSize: 300, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(training).rejects.toThrow('enough');
  });

  it('says what to install where the package is missing', async () => {
    const resolve = () => {
      throw new Error("Cannot find module 'tokenizers'");
    };
    expect(await messageOf(() => findRustTokenizers(resolve))).toBe(
      'LoadError: training a byte-level BPE needs the npm package "tokenizers", which is not installed; ' +
        'run: npm install tokenizers',
    );
  });
});

describe('SubwordTokenizer', () => {
  it.each(Object.entries(HARD_TEXTS))('decodes what it encoded: %s', (_, text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it.each(Object.entries(HARD_TEXTS))('gives the same ids in JavaScript and in Rust: %s', async (_, text) => {
    const given = `${text}<|endoftext|> ${text}`;
    const ids = tokenizer.encode(given);
    const rust = await openRustTokenizer(tokenizer.toJSON())?.encode(given, null, { addSpecialTokens: false });
    expect(rust?.getIds()).toEqual(ids);
    expect(await tokenizer.encodeBulk(given)).toEqual(ids);
  });

  it('merges: frequent text takes fewer tokens than bytes', () => {
    expect(tokenizer.encode('ab'.repeat(100)).length).toBeLessThan(100);
  });

  it('decodes bytes that are no UTF-8 to U+FFFD', () => {
    const [first = 0] = tokenizer.encode('\u{10ffff}');
    expect(tokenizer.decode([first])).toBe('\ufffd');
    expect(tokenizer.decode([])).toBe('');
  });

  it('keeps the spaces that other decoders tidy away', () => {
    expect(tokenizer.decode(tokenizer.encode("do n't , no ."))).toBe("do n't , no .");
  });

  it('refuses half a surrogate pair, which no bytes can hold', async () => {
    const says = 'ArgumentError: the text has half of a surrogate pair (U+DE00) at position 2';
    expect(await messageOf(() => tokenizer.encode('ab\ude00'))).toBe(says);
    expect(await messageOf(() => tokenizer.encodeBulk('ab\ude00'))).toBe(says);
  });

  it('refuses ids that are out of range', async () => {
    expect(await messageOf(() => tokenizer.decode([1, 500]))).toBe(
      'ArgumentError: token id 500 at position 1 is out of range; allowed: 0 to 499',
    );
  });

  it.each<[why: string, change: object, says: string | RegExp]>([
    [
      'another kind',
      { type: 'Odd' },
      'field "model.type" is "Odd"; allowed: "BPE", "WordPiece", "WordLevel", "Unigram"',
    ],
    ['dropout', { dropout: 0.1 }, 'field "model.dropout" is 0.1; allowed: 0'],
    ['a prefix', { continuing_subword_prefix: '##' }, 'field "model.continuing_subword_prefix" is "##"; allowed: ""'],
    ['an unknown token', { unk_token: '<?>' }, 'field "model.unk_token" is "<?>", not in the vocabulary'],
    ['a word for three', { merges: ['a b c'] }, 'field "model.merges.0" is "a b c", which is no pair'],
    [
      'a lost entry',
      { merges: [['a', 'b']] },
      'field "model.merges.0" is ["a","b"], which needs "ab", not in the vocabulary',
    ],
    [
      'bytes in a Unigram',
      { type: 'Unigram', vocab: [['a', 0]], unk_id: 0, byte_fallback: true },
      /byte_fallback" is true/,
    ],
    [
      'an id too high',
      { type: 'Unigram', vocab: [['a', 0]], unk_id: 1 },
      'field "model.unk_id" is 1; the vocabulary has 1',
    ],
    ['no unknown token', { type: 'WordPiece' }, 'field "model.unk_token" is missing; allowed: a string'],
  ])('refuses a model with %s', async (_, change, says) => {
    const model = { type: 'BPE', vocab: { a: 0, b: 1, c: 2 }, merges: [], ...change };
    const message = await messageOf(() => new SubwordTokenizer({ model }, undefined, 'x.json'));
    if (says instanceof RegExp) expect(message).toMatch(says);
    else expect(message).toBe(`InputError: x.json: ${says}`);
  });

  it.each<[why: string, change: object, says: string]>([
    ['an unknown decoder', { decoder: { type: 'Odd' } }, 'Unknown Decoder type: Odd'],
    ['an unknown normalizer', { normalizer: { type: 'Nmt' } }, 'Unknown Normalizer type: Nmt'],
    [
      "SentencePiece's normalizer",
      { normalizer: { type: 'Sequence', normalizers: [{ type: 'Precompiled', precompiled_charsmap: '' }] } },
      "the normalizer is SentencePiece's Precompiled, which gptorch does not read",
    ],
    [
      'a token that is a single word',
      { added_tokens: [{ id: 600, content: '<x>', single_word: true }] },
      'field "added_tokens.0.single_word" is true; allowed: false',
    ],
  ])('refuses %s', async (_, change, says) => {
    const json = { ...tokenizer.toJSON(), ...change };
    expect(await messageOf(() => new SubwordTokenizer(json))).toBe(`InputError: tokenizer.json: ${says}`);
  });

  it('refuses what is no tokenizer', async () => {
    for (const json of [null, 1, {}, []]) {
      expect(await messageOf(() => new SubwordTokenizer(json))).toMatch(/^InputError: tokenizer\.json: /);
    }
  });

  it('passes over characters that a BPE without an unknown token does not know, as Rust does', async () => {
    const other = new SubwordTokenizer({ model: { type: 'BPE', vocab: { a: 0, b: 5 }, merges: [] } });
    expect(other.encode('axb')).toEqual([0, 5]);
    expect(await other.encodeBulk('axb')).toEqual([0, 5]);
    expect(other.vocabSize).toBe(6);
    expect(other.decode([0, 3, 5])).toBe('a b');
    expect(await messageOf(() => other.withSpecialTokens(['<x>']))).toBe(
      'InputError: the vocabulary has unused ids between others; no token can be added to it',
    );
  });

  it('saves what transformers reads as it stands', async () => {
    await tokenizer.save(folder.path('saved'));
    const config = JSON.parse(await readFile(folder.path('saved/tokenizer_config.json'), 'utf8'));
    expect(config).toMatchObject({ tokenizer_class: 'PreTrainedTokenizerFast', eos_token: '<|endoftext|>' });
    expect(JSON.parse(await readFile(folder.path('saved/tokenizer.json'), 'utf8'))).toEqual(tokenizer.toJSON());
  });
});
