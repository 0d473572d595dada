import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  addTaskTokens,
  CHAT_SPECIAL_TOKENS,
  CharTokenizer,
  readWordIds,
  tokenizerFingerprint,
  writeWordIds,
} from '../../../lib/data/index.js';
import { messageOf, temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const recipe = { '<pad>': 0, '<unk>': 1, '<sep>': 2, 你: 3, 好: 4, '7': 5 };

describe('word2id files', () => {
  it("are read as the chat recipe's vocabulary, with id2word or without", async () => {
    const list = Object.entries(recipe)
      .sort(([, a], [, b]) => a - b)
      .map(([token]) => token);
    for (const rest of [{}, { id2word: list }, { id2word: { ...list } }, { other: 1 }]) {
      const file = await folder.write('dict_datas.json', JSON.stringify({ word2id: recipe, ...rest }));
      const tokenizer = await readWordIds(file);
      expect(tokenizer.encode('你好7<sep>坏<pad>')).toEqual([3, 4, 5, 2, 1, 0]);
      expect(tokenizer.tokens).toEqual(list);
    }
  });

  it('are written as they are read', async () => {
    const chat = CharTokenizer.fromTexts(['你好9 1"\\\n__proto__\u{1f642}'], { specialTokens: CHAT_SPECIAL_TOKENS });
    for (const tokenizer of [chat, CharTokenizer.fromTexts(['ab']), addTaskTokens(chat).tokenizer as CharTokenizer]) {
      await writeWordIds(tokenizer, folder.path('out.json'));
      const json = JSON.parse(await readFile(folder.path('out.json'), 'utf8'));
      expect(json.id2word).toEqual(tokenizer.tokens);
      expect(json.word2id).toEqual(Object.fromEntries(tokenizer.tokens.map((token, id) => [token, id])));
      expect(tokenizerFingerprint(await readWordIds(folder.path('out.json')))).toBe(tokenizerFingerprint(tokenizer));
    }
  });

  it.each<[content: unknown, says: string]>([
    [recipe, 'field "word2id" is missing; allowed: a record'],
    [{ word2id: { a: '0' } }, 'field "word2id.a" is "0"; allowed: a number'],
    [{ word2id: { a: 0, b: 2 } }, 'field "word2id": id 1 is missing'],
    [{ word2id: { a: 0, b: 1, c: 1 } }, 'field "word2id": id 1 is given twice'],
    [{ word2id: { '<pad>': 0 } }, 'field "word2id" has no characters'],
    [{ word2id: { a: 0, '<sep>': 1, b: 2 } }, 'field "word2id" has "<sep>" among the characters'],
    [
      { word2id: { '': 0, a: 1 } },
      'field "word2id": special token ""; allowed: two characters or more without white space',
    ],
    [{ word2id: { a: 0, b: 1 }, id2word: ['a', 'c'] }, 'field "id2word" has "c" under 1, word2id "b"'],
    [{ word2id: { a: 0, b: 1 }, id2word: ['a'] }, 'field "id2word" has 1 entries, word2id 2'],
    [{ word2id: { a: 0 }, id2word: ['a', 'b'] }, 'field "id2word" has "b" under 1, word2id undefined'],
  ])('are refused when they are wrong: %j', async (content, says) => {
    const file = await folder.write('bad.json', JSON.stringify(content));
    expect(await messageOf(() => readWordIds(file))).toBe(`InputError: ${file}: ${says}`);
  });
});
