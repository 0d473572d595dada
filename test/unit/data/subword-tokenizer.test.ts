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

  it('refuses what is no BPE', async () => {
    expect(await messageOf(() => new SubwordTokenizer({ model: { type: 'Unigram', vocab: [] } }))).toMatch(
      /^InputError: tokenizer\.json: field "model\.type" is "Unigram"; allowed: "BPE"/,
    );
    expect(await messageOf(() => new SubwordTokenizer(null))).toMatch(/^InputError: tokenizer\.json: /);
    const odd = { ...tokenizer.toJSON(), decoder: { type: 'Odd' } };
    expect(await messageOf(() => new SubwordTokenizer(odd))).toBe(
      'InputError: tokenizer.json: Unknown Decoder type: Odd',
    );
  });

  it('saves what transformers reads as it stands', async () => {
    await tokenizer.save(folder.path('saved'));
    const config = JSON.parse(await readFile(folder.path('saved/tokenizer_config.json'), 'utf8'));
    expect(config).toMatchObject({ tokenizer_class: 'PreTrainedTokenizerFast', eos_token: '<|endoftext|>' });
    expect(JSON.parse(await readFile(folder.path('saved/tokenizer.json'), 'utf8'))).toEqual(tokenizer.toJSON());
  });
});
