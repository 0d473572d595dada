import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  addTaskTokens,
  CHAT_SPECIAL_TOKENS,
  CharTokenizer,
  loadTokenizer,
  type SubwordTokenizer,
  trainBpeTokenizer,
} from '../../lib/data/index.js';
import { openRustTokenizer } from '../../lib/data/rust-tokenizers.js';
import { TextStream } from '../../lib/generate/text-stream.js';

const ROOT = new URL('../fixtures/parity/tokenizers/', import.meta.url);
const kinds = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());

interface Case {
  ids: string;
  decoded: string;
}

function readFixture<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(file, ROOT), 'utf8'));
}

const texts = readFixture<Record<string, string>>('texts.json');

describe.each(kinds.map(({ name }) => name))('%s', async (kind) => {
  const tokenizer = await loadTokenizer(fileURLToPath(new URL(kind, ROOT)));
  const rust = openRustTokenizer(tokenizer.toJSON());
  const expected = readFixture<Record<string, Case>>(`${kind}/expected.json`);

  it.each(Object.entries(texts))("gives Python's ids: %s", (name, text) => {
    expect(tokenizer.encode(text).join(' ')).toBe(expected[name]?.ids);
  });

  it.each(Object.keys(texts))('streams what it decodes: %s', (name) => {
    const { ids = '' } = expected[name] ?? {};
    const tokens = ids === '' ? [] : ids.split(' ').map(Number).slice(0, 2000);
    const stream = new TextStream((some) => tokenizer.decode(some));
    const pieces = tokens.map((token) => stream.push(token));
    expect(pieces.join('') + stream.end()).toBe(tokenizer.decode(tokens));
  });

  it.each(Object.keys(texts))("decodes as Python's: %s", (name) => {
    const { ids = '', decoded } = expected[name] ?? {};
    expect(tokenizer.decode(ids === '' ? [] : ids.split(' ').map(Number))).toBe(decoded);
  });

  it.skipIf(rust === undefined)('gives the same ids in Rust (skipped where the package is not installed)', async () => {
    for (const [name, text] of Object.entries(texts)) {
      const ids = (await rust?.encode(text, null, { addSpecialTokens: false }))?.getIds();
      expect([name, ids?.join(' ')]).toEqual([name, expected[name]?.ids]);
    }
  });
});

const pathOf = (file: string) => fileURLToPath(new URL(file, ROOT));
const saved = (tokenizer: { toJSON(): object }) => JSON.parse(JSON.stringify(tokenizer));

describe('what gptorch writes is what Python writes', () => {
  it('task tokens added to a BPE', async () => {
    const { tokenizer } = addTaskTokens(await loadTokenizer(pathOf('byte-level')));
    expect(saved(tokenizer)).toEqual(readFixture('byte-level-task-tokens/tokenizer.json'));
  });

  it('a character vocabulary with task tokens', async () => {
    const training = readFileSync(pathOf('training.txt'), 'utf8');
    const chat = CharTokenizer.fromTexts([training], { specialTokens: CHAT_SPECIAL_TOKENS });
    expect(saved(addTaskTokens(chat).tokenizer)).toEqual(readFixture('characters/tokenizer.json'));
    expect(await loadTokenizer(pathOf('characters'))).toBeInstanceOf(CharTokenizer);
  });

  it("GPT-1's vocab.json and merges.txt as transformers converts them", async () => {
    const converted = readFixture<object>('gpt1/converted.json');
    // Without transformers' template for pairs, which adds no tokens.
    expect(saved(await loadTokenizer(pathOf('gpt1')))).toEqual({ ...converted, post_processor: null });
  });

  it('a trained byte-level BPE', async () => {
    const trained: SubwordTokenizer = await trainBpeTokenizer([pathOf('training.txt')], { vocabSize: 600 });
    expect(saved(trained).model.merges).toEqual(saved(await loadTokenizer(pathOf('byte-level'))).model.merges);
    for (const text of Object.values(texts)) expect(trained.decode(trained.encode(text))).toBe(text);
  });
});
