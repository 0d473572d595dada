import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type CharTokenizer, loadTokenizer } from '../../../lib/data/index.js';
import { openRustTokenizer } from '../../../lib/data/rust-tokenizers.js';
import { randomTexts } from './random-text.js';

const fixture = (kind: string) => fileURLToPath(new URL(`../../fixtures/parity/tokenizers/${kind}`, import.meta.url));
const texts = randomTexts(1000, { seed: 2024 });

describe('random texts', () => {
  it.each(['byte-level', 'gpt2', 'byte-level-task-tokens'])('come back whole: %s', async (kind) => {
    const tokenizer = await loadTokenizer(fixture(kind));
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('come back whole but for unknown characters: characters', async () => {
    const tokenizer = (await loadTokenizer(fixture('characters'))) as CharTokenizer;
    const known = new Set(tokenizer.tokens);
    const expected = (text: string) => Array.from(text, (character) => (known.has(character) ? character : '<unk>'));
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text))).toBe(expected(text).join(''));
  });

  const kinds = ['byte-level', 'gpt1', 'byte-fallback', 'word-piece', 'unigram', 'word-level', 'characters'];
  it.for(kinds)("have Rust's ids (skipped where the package is not installed): %s", async (kind, { skip }) => {
    const tokenizer = await loadTokenizer(fixture(kind));
    const rust = openRustTokenizer(tokenizer.toJSON());
    if (rust === undefined) return skip('the npm package "tokenizers" is not installed');
    for (const text of texts) {
      const ids = (await rust.encode(text, null, { addSpecialTokens: false })).getIds();
      expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
    }
  });
});
