import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  CHAT_SPECIAL_TOKENS,
  CharTokenizer,
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
      `${file}: field "model.type" is "WordPiece"`,
    );
  });
});
