import { describe, expect, it } from 'vitest';
import { Assembler, addTaskTokens, assemble, CharTokenizer, shares } from '../../../../lib/data/index.js';
import { taskLineSchemas } from '../../../../lib/data/tasks/task.js';

const special = { start: 90, delimiter: 91, extract: 92 };

describe('a text in which somebody wrote a framing token', () => {
  const characters = [...'<|>/abcdefghijklmnopqrstuvwxyz '];
  const specialTokens = ['<pad>', '<unk>', '<sep>'];
  const { tokenizer, ...ids } = addTaskTokens(new CharTokenizer(characters, { specialTokens }));
  const framing = new Set([...Object.values(ids), ...specialTokens.map((token) => tokenizer.tokenId(token))]);

  it.each(['<|start|>', '<|delimiter|>', '<|extract|>', ...specialTokens])('%s is its letters', (token) => {
    const text = `a${token}b <|${token}${token}`;
    const question = { sequences: [[text, text]], bothOrders: false };
    const { sequences } = new Assembler({ tokenizer, ...ids }, 200).encode(question, 'line 1');
    const [sequence = []] = sequences;
    expect(sequence.filter((id) => framing.has(id))).toEqual([ids.start, ids.delimiter, ids.extract]);
    expect(tokenizer.decode(sequence.slice(1, -1))).toBe(`${text}<|delimiter|>${text}`);
  });
});

describe('a text that cannot be encoded, behind a framing token', () => {
  const tokens = addTaskTokens(new CharTokenizer([...'<|>extrac ']));
  const encode = (text: string) =>
    new Assembler(tokens, 200).encode({ sequences: [[text]], bothOrders: false }, 'line 1');

  it.each([
    ['<|extract|> <|extract|> z', /line 1: character "z" .* at position 24 /],
    ['<|extract|> \ud800', /half of a surrogate pair \(U\+D800\) at position 12/],
  ])('%j is told with the place in the whole text', (text, message) => {
    expect(() => encode(text)).toThrow(message);
  });
});

it('of a long context and a question about it, the question stays', () => {
  const tokens = addTaskTokens(new CharTokenizer([...'abcdefghijklmnopqrstuvwxyz ?']));
  const line = { context: 'once upon a time there was a king', question: 'who was there?', choices: ['a king', 'i'] };
  const { sequences, isCut } = new Assembler(tokens, 30).encode(
    taskLineSchemas['multiple-choice'].parse(line),
    'line 1',
  );
  expect(isCut).toBe(true);
  expect(sequences.map((sequence) => tokens.tokenizer.decode(sequence))).toEqual([
    '<|start|>once u who was there?<|delimiter|>a king<|extract|>',
    '<|start|>once upon a who was there?<|delimiter|>i<|extract|>',
  ]);
});

describe('assemble', () => {
  it('frames one part, and two with a delimiter between', () => {
    const options = { ...special, maxLength: 20, bothOrders: false };
    expect(assemble([[[1, 2]]], options)).toEqual({ sequences: [[90, 1, 2, 92]], isCut: false });
    expect(assemble([[[1, 2], [3]]], options)).toEqual({ sequences: [[90, 1, 2, 91, 3, 92]], isCut: false });
  });

  it('reads both orders, cut alike', () => {
    const a = [1, 2, 3, 4, 5];
    const b = [6, 7, 8, 9, 10];
    const { sequences, isCut } = assemble([[a, b]], { ...special, maxLength: 10, bothOrders: true });
    expect(sequences).toEqual([
      [90, 1, 2, 3, 91, 6, 7, 8, 9, 92],
      [90, 6, 7, 8, 9, 91, 1, 2, 3, 92],
    ]);
    expect(isCut).toBe(true);
  });

  it('cuts each choice on its own, and leaves short parts whole', () => {
    const context = [1, 2, 3, 4, 5, 6];
    const options = { ...special, maxLength: 9, bothOrders: false };
    const { sequences } = assemble([[context, [7]], [context, [7, 8, 9, 10]]], options); // biome-ignore format: a pair a choice
    expect(sequences).toEqual([
      [90, 1, 2, 3, 4, 5, 91, 7, 92],
      [90, 1, 2, 3, 91, 7, 8, 9, 92],
    ]);
  });

  it('cuts what stands before an end that is kept, and of that end what does not fit', () => {
    const part = [1, 2, 3, 4, 5, 6, 7, 8];
    const options = { ...special, bothOrders: false, keptEnd: 3 };
    const cut = (maxLength: number) => assemble([[part, [9]]], { ...options, maxLength }).sequences[0];
    expect(cut(12)).toEqual([90, ...part, 91, 9, 92]);
    expect(cut(9)).toEqual([90, 1, 2, 6, 7, 8, 91, 9, 92]);
    expect(cut(7)).toEqual([90, 6, 7, 8, 91, 9, 92]);
    expect(cut(6)).toEqual([90, 6, 7, 91, 9, 92]);
  });

  it('fits exactly at the limit', () => {
    expect(
      assemble(
        [
          [
            [1, 2, 3],
            [4, 5],
          ],
        ],
        { ...special, maxLength: 8, bothOrders: false },
      ).isCut,
    ).toBe(false);
  });
});

it('needs room for two parts and the special tokens', () => {
  const tokens = addTaskTokens(CharTokenizer.fromTexts(['a']));
  expect(() => new Assembler(tokens, 4)).toThrow('maxLength is 4; allowed: whole numbers from 5');
  expect(new Assembler(tokens, 5).maxLength).toBe(5);
});

describe('shares', () => {
  it.each([
    [[3, 4], 10, [3, 4]],
    [[2, 20], 10, [2, 8]],
    [[20, 2], 10, [8, 2]],
    [[20, 20], 9, [4, 5]],
    [[9, 1, 9], 10, [4, 1, 5]],
    [[5], 3, [3]],
  ])('of %j in %i: %j', (lengths, room, wanted) => {
    expect(shares(lengths, room)).toEqual(wanted);
  });

  it('never passes the room, and fills it where there is enough', () => {
    for (let room = 1; room < 40; room++) {
      for (const lengths of [
        [1, 30],
        [7, 7, 7],
        [40, 3],
        [2, 2],
        [13, 11],
      ]) {
        const kept = shares(lengths, room).reduce((sum, length) => sum + length, 0);
        expect(kept).toBe(Math.min(room, lengths.reduce((sum, length) => sum + length, 0))); // biome-ignore format: one line
      }
    }
  });
});
