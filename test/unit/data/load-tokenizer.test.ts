import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  CHAT_SPECIAL_TOKENS,
  CharTokenizer,
  hasTokenizer,
  loadTokenizer,
  SubwordTokenizer,
  tokenizerFingerprint,
  trainBpeTokenizer,
} from '../../../lib/data/index.js';
import { HARD_TEXTS } from './hard-text.js';
import { messageOf, temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const everything = Object.values(HARD_TEXTS).join('\n');

describe('loadTokenizer', () => {
  it.each([
    ['without', []],
    ['with', CHAT_SPECIAL_TOKENS],
  ])('opens a character vocabulary %s special tokens as one', async (name, specialTokens) => {
    const tokenizer = CharTokenizer.fromTexts([everything, '0123456789'], { specialTokens });
    await tokenizer.save(folder.path(name));
    const loaded = await loadTokenizer(folder.path(name));
    expect(loaded).toBeInstanceOf(CharTokenizer);
    expect(loaded.vocabSize).toBe(tokenizer.vocabSize);
    expect(loaded.encode(everything)).toEqual(tokenizer.encode(everything));
    expect(tokenizerFingerprint(loaded)).toBe(tokenizerFingerprint(tokenizer));
  });

  it('opens a BPE, by its folder or its file', async () => {
    const tokenizer = await trainBpeTokenizer([await folder.write('text.txt', everything)], { vocabSize: 400 });
    await tokenizer.save(folder.path('bpe'));
    for (const path of [folder.path('bpe'), folder.path('bpe/tokenizer.json')]) {
      const loaded = await loadTokenizer(path);
      expect(loaded).toBeInstanceOf(SubwordTokenizer);
      expect(loaded.encode(everything)).toEqual(tokenizer.encode(everything));
      expect(tokenizerFingerprint(loaded)).toBe(tokenizerFingerprint(tokenizer));
    }
  });

  it('saves a tokenizer_config.json again as it was', async () => {
    await mkdir(folder.path('own'));
    const tokenizer = await loadTokenizer(folder.path('bpe'));
    await tokenizer.save(folder.path('own'));
    const config = JSON.stringify({ tokenizer_class: 'GPT2Tokenizer', model_max_length: 1024 });
    await writeFile(folder.path('own/tokenizer_config.json'), config);
    await (await loadTokenizer(folder.path('own'))).save(folder.path('again'));
    expect(JSON.parse(await readFile(folder.path('again/tokenizer_config.json'), 'utf8'))).toEqual(JSON.parse(config));
  });

  it('reads the form of GPT-1: lower case, word ends, merges as strings', async () => {
    const vocab = { '<unk>': 0, a: 1, b: 2, 'a</w>': 3, 'b</w>': 4, 'ab</w>': 5, '!</w>': 6 };
    const json = {
      added_tokens: [{ id: 0, content: '<unk>', special: true, normalized: false }],
      normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: null,
      decoder: { type: 'BPEDecoder', suffix: '</w>' },
      model: { type: 'BPE', unk_token: '<unk>', end_of_word_suffix: '</w>', vocab, merges: ['a b</w>'] },
    };
    await mkdir(folder.path('gpt1'));
    await writeFile(folder.path('gpt1/tokenizer.json'), JSON.stringify(json));
    const tokenizer = await loadTokenizer(folder.path('gpt1'));
    expect(tokenizer.encode('AB a!')).toEqual([5, 3, 6]);
    expect(await tokenizer.encodeBulk?.('AB a!')).toEqual([5, 3, 6]);
    expect(tokenizer.canEncodeInPieces).toBe(false);
  });

  it('takes a character vocabulary that others changed for what it is: a BPE', async () => {
    const json = JSON.parse(JSON.stringify(CharTokenizer.fromTexts(['abc'])));
    json.model.vocab.ab = 3;
    json.model.merges = [['a', 'b']];
    await mkdir(folder.path('changed'));
    await writeFile(folder.path('changed/tokenizer.json'), JSON.stringify(json));
    const tokenizer = await loadTokenizer(folder.path('changed'));
    expect(tokenizer).toBeInstanceOf(SubwordTokenizer);
    expect(tokenizer.encode('abc')).toEqual([3, 2]);
  });

  it('says what is wrong with a file', async () => {
    await mkdir(folder.path('bad'));
    const file = folder.path('bad/tokenizer.json');
    expect(await messageOf(() => loadTokenizer(folder.path('bad')))).toBe(`InputError: ${file}: not found`);
    await writeFile(file, '{"model": ');
    expect(await messageOf(() => loadTokenizer(folder.path('bad')))).toMatch(
      /^InputError: .*tokenizer\.json: not JSON: /,
    );
    await writeFile(file, '{"model": {"type": "WordPiece"}}');
    expect(await messageOf(() => loadTokenizer(folder.path('bad')))).toContain(
      `${file}: field "model.vocab" is missing`,
    );
    await writeFile(folder.path('bad/tokenizer_config.json'), '[]');
    expect(await messageOf(() => loadTokenizer(folder.path('bad')))).toMatch(
      /tokenizer_config\.json: the value is \[\]/,
    );
  });
});

describe('vocab.json and merges.txt', () => {
  const vocab = { a: 0, b: 1, ab: 2, '<|endoftext|>': 3 };
  let count = 0;

  async function write(files: Record<string, unknown>): Promise<string> {
    const dir = folder.path(`pair-${count++}`);
    await mkdir(dir);
    for (const [name, content] of Object.entries(files)) {
      await writeFile(`${dir}/${name}`, typeof content === 'string' ? content : JSON.stringify(content));
    }
    return dir;
  }

  it('are read where there is no tokenizer.json, with Windows line ends too', async () => {
    for (const merges of ['#version: 0.2\na b\n', '#version: 0.2\r\na b\r\n', 'a b']) {
      const dir = await write({ 'vocab.json': vocab, 'merges.txt': merges });
      expect(hasTokenizer(dir)).toBe(true);
      expect((await loadTokenizer(dir)).encode('abb<|endoftext|>')).toEqual([2, 1, 3]);
    }
    expect(hasTokenizer(await write({}))).toBe(false);
  });

  it('bring the tokens of added_tokens.json', async () => {
    const dir = await write({ 'vocab.json': vocab, 'merges.txt': 'a b', 'added_tokens.json': { '<x>': 4 } });
    const tokenizer = await loadTokenizer(dir);
    expect(tokenizer.encode('a<x>')).toEqual([0, 4]);
    expect(tokenizer.vocabSize).toBe(5);
  });

  it('come second to a tokenizer.json', async () => {
    const dir = await write({ 'vocab.json': vocab, 'merges.txt': 'a b' });
    await CharTokenizer.fromTexts(['xyz']).save(dir);
    expect((await loadTokenizer(dir)).vocabSize).toBe(3);
  });

  it.each([
    ['a b\nb a', ':2: "ba" is not in vocab.json'],
    ['#version: 0.2\na b c', ':2: "a b c" is no pair; allowed: two entries and a space between'],
    ['a', ':1: "a" is no pair; allowed: two entries and a space between'],
    ['a  b', ':1: "a  b" is no pair; allowed: two entries and a space between'],
  ])('name the line of merges.txt that is wrong: %j', async (merges, says) => {
    const dir = await write({ 'vocab.json': vocab, 'merges.txt': merges });
    expect(await messageOf(() => loadTokenizer(dir))).toBe(`InputError: ${dir}/merges.txt${says}`);
  });

  it('name the file that is wrong', async () => {
    const lost = await write({ 'merges.txt': 'a b' });
    expect(await messageOf(() => loadTokenizer(lost))).toBe(`InputError: ${lost}/vocab.json: not found`);
    const odd = await write({ 'merges.txt': 'a b', 'vocab.json': { a: -1 } });
    expect(await messageOf(() => loadTokenizer(odd))).toContain(`${odd}/vocab.json: field "a" is -1; allowed: >= 0`);
  });
});
