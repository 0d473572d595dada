import { describe, expect, it } from 'vitest';
import {
  addTaskTokens,
  CHAT_SPECIAL_TOKENS,
  CharTokenizer,
  loadTokenizer,
  type Tokenizer,
  tokenizerFingerprint,
  trainBpeTokenizer,
} from '../../../lib/data/index.js';
import { openRustTokenizer } from '../../../lib/data/rust-tokenizers.js';
import { messageOf, temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const text = 'a <|start|>b<|delimiter|> a b<|extract|> <|start|';

const kinds: [string, () => Promise<Tokenizer>][] = [
  ['BPE', async () => trainBpeTokenizer([await folder.write('text.txt', 'a b a b ')], { vocabSize: 258 })],
  ['characters', async () => CharTokenizer.fromTexts(['a b<|startdelimex>'])],
  ['chat characters', async () => CharTokenizer.fromTexts(['a b<|'], { specialTokens: CHAT_SPECIAL_TOKENS })],
];

describe.each(kinds)('addTaskTokens, %s', (name, make) => {
  it('appends the three after the last id and leaves the others alone', async () => {
    const before = await make();
    const size = before.vocabSize;
    const { tokenizer, ...ids } = addTaskTokens(before);
    expect(ids).toEqual({ start: size, delimiter: size + 1, extract: size + 2 });
    expect(tokenizer.vocabSize).toBe(size + 3);
    expect(before.vocabSize).toBe(size);
    expect(tokenizer.encode('a b<|')).toEqual(before.encode('a b<|'));
    const rest = [before.encode('a '), before.encode('b'), before.encode(' a b'), before.encode(' <|start|')];
    const [a = [], b = [], ab = [], end = []] = rest;
    const expected = [...a, size, ...b, size + 1, ...ab, size + 2, ...end];
    expect(tokenizer.encode(text)).toEqual(expected);
    expect(tokenizer.decode([size, ...a, size + 2])).toBe('<|start|>a <|extract|>');
    const rust = openRustTokenizer(tokenizer.toJSON());
    expect((await rust?.encode(text, null, { addSpecialTokens: false }))?.getIds()).toEqual(expected);
  });

  it('keeps the ids of a tokenizer that has them, also saved and opened again', async () => {
    const first = addTaskTokens(await make());
    const again = addTaskTokens(first.tokenizer);
    expect(again.tokenizer).toBe(first.tokenizer);
    await first.tokenizer.save(folder.path(name));
    const loaded = await loadTokenizer(folder.path(name));
    expect(loaded).toBeInstanceOf(first.tokenizer.constructor);
    expect(tokenizerFingerprint(loaded)).toBe(tokenizerFingerprint(first.tokenizer));
    const { tokenizer: _, ...ids } = addTaskTokens(loaded);
    expect(ids).toEqual({ start: first.start, delimiter: first.delimiter, extract: first.extract });
    expect(loaded.encode(text)).toEqual(first.tokenizer.encode(text));
  });

  it('adds only what is missing', async () => {
    const made = await make();
    const half = made.withSpecialTokens?.(['<|extract|>', '<|extract|>']);
    const { tokenizer, ...ids } = addTaskTokens(half ?? made);
    const size = made.vocabSize;
    expect(ids).toEqual({ extract: size, start: size + 1, delimiter: size + 2 });
    expect(tokenizer.vocabSize).toBe(size + 3);
  });

  it('refuses tokens that are none', async () => {
    const made = await make();
    for (const token of ['x', '', '< >']) {
      expect(await messageOf(() => made.withSpecialTokens?.([token]))).toBe(
        `ArgumentError: special token ${JSON.stringify(token)}; allowed: two characters or more without white space`,
      );
    }
  });
});

it('makes a token of the vocabulary a special one under its id', async () => {
  const json = JSON.parse(JSON.stringify(CharTokenizer.fromTexts(['<|>start'])));
  const vocab = { ...json.model.vocab, '<|start|>': 8 };
  const { SubwordTokenizer } = await import('../../../lib/data/index.js');
  const tokenizer = new SubwordTokenizer({ ...json, model: { ...json.model, vocab } });
  expect(tokenizer.encode('<|start|>')).toHaveLength(9);
  expect(tokenizer.withSpecialTokens(['<|start|>']).encode('a<|start|>')).toEqual([5, 8]);
});

it("says when a user's own tokenizer takes no tokens", async () => {
  const own: Tokenizer = {
    vocabSize: 1,
    encode: () => [],
    decode: () => '',
    tokenId: (token) => (token === '<|start|>' ? 0 : undefined),
    toJSON: () => ({}),
    save: async () => {},
  };
  expect(await messageOf(() => addTaskTokens(own))).toBe(
    'ArgumentError: the tokenizer has no <|delimiter|>, <|extract|> and no withSpecialTokens to add them',
  );
});
