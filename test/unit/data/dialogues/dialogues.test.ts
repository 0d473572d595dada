import { describe, expect, it } from 'vitest';
import {
  CharTokenizer,
  chatTokenizer,
  dialogueTargets,
  encodeDialogues,
  parseDialogues,
  readDialogues,
  splitDialogues,
} from '../../../../lib/data/index.js';
import { messageOf, temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder();
const parse = (text: string) => parseDialogues(text, 'chat.txt').map(({ utterances }) => utterances);

describe('parseDialogues', () => {
  it('reads one utterance a line and a blank line between dialogues', () => {
    expect(parse('你好\n你好呀\n\na\nb\nc\n')).toEqual([
      ['你好', '你好呀'],
      ['a', 'b', 'c'],
    ]);
  });

  it.each([
    ['no line end after the last one', 'a\nb\n\nc\nd'],
    ['several blank lines at the end', 'a\nb\n\nc\nd\n\n\n'],
    ['several blank lines between', 'a\nb\n\n\n \n\t\nc\nd\n'],
    ['blank lines at the beginning', '\n\na\nb\n\nc\nd\n'],
    ['CRLF', 'a\r\nb\r\n\r\nc\r\nd\r\n'],
    ['spaces around', '  a\nb \u3000\n\nc\t\nd'],
  ])('keeps every dialogue: %s', (_, text) => {
    expect(parse(text)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('remembers where a dialogue stands', () => {
    expect(parseDialogues('\na\nb\n\n\nc\nd', 'x').map(({ where }) => where)).toEqual(['x:2', 'x:6']);
  });

  it('names file and line of what is wrong', async () => {
    const message = (text: string) => messageOf(() => parseDialogues(text, 'chat.txt'));
    const alone = 'a dialogue of one utterance; two or more are needed';
    expect(await message('a\nb\n\nc\n\nd\ne')).toBe(`InputError: chat.txt:4: ${alone}`);
    expect(await message('a\nb\n\nc')).toBe(`InputError: chat.txt:4: ${alone}`);
    for (const token of ['<sep>', '<unk>', '<pad>']) {
      const says = `InputError: chat.txt:2: the utterance has ${token}, which is a special token`;
      expect(await message(`a\nb ${token} c`)).toBe(says);
    }
    expect(await message('\n \n')).toBe('InputError: chat.txt: has no dialogue');
  });

  it('reads files in order', async () => {
    const files = [await folder.write('1.txt', 'a\nb'), await folder.write('2.txt', '\ufeffc\nd\n')];
    expect((await readDialogues(files)).map(({ utterances }) => utterances)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(await messageOf(() => readDialogues([...files, folder.path('3.txt')]))).toMatch(/3\.txt: not found/);
  });
});

describe('encodeDialogues', () => {
  const dialogues = parseDialogues('ab\nc\nde\n\na\nb', 'chat.txt');
  const tokenizer = chatTokenizer(dialogues); // a 3, b 4, c 5, d 6, e 7; <sep> 2

  it('ends every utterance with <sep>', () => {
    const encoded = encodeDialogues(dialogues, tokenizer, { contextLength: 100 });
    expect(encoded).toEqual({
      cut: 0,
      dialogues: [
        {
          utterances: [
            [3, 4, 2],
            [5, 2],
            [6, 7, 2],
          ],
          dropped: 0,
        },
        {
          utterances: [
            [3, 2],
            [4, 2],
          ],
          dropped: 0,
        },
      ],
    });
  });

  // The first dialogue has 8 tokens: an input of 7 and its target.
  it.each([
    [
      7,
      [
        [3, 4, 2],
        [5, 2],
        [6, 7, 2],
      ],
      0,
      0,
    ],
    [
      6,
      [
        [5, 2],
        [6, 7, 2],
      ],
      1,
      1,
    ],
    [
      4,
      [
        [5, 2],
        [6, 7, 2],
      ],
      1,
      1,
    ],
    [3, [[6, 7, 2]], 2, 1],
    [2, [[6, 7, 2]], 2, 1],
  ])('cuts whole utterances from the front: context %d', (contextLength, utterances, dropped, cut) => {
    const encoded = encodeDialogues(dialogues, tokenizer, { contextLength });
    expect(encoded.dialogues[0]).toEqual({ utterances, dropped });
    expect(encoded.cut).toBe(cut + (contextLength < 3 ? 1 : 0));
  });

  it('keeps the end of a last utterance that alone is too long', () => {
    const { dialogues: encoded, cut } = encodeDialogues([{ utterances: ['a', 'abcde'] }], tokenizer, {
      contextLength: 3,
    });
    expect(encoded).toEqual([{ utterances: [[5, 6, 7, 2]], dropped: 1 }]);
    expect(cut).toBe(1);
  });

  it('makes <unk> of characters that are not in the vocabulary', () => {
    const encoded = encodeDialogues([{ utterances: ['a?', 'b'] }], tokenizer, { contextLength: 9 });
    expect(encoded.dialogues[0]?.utterances).toEqual([
      [3, 1, 2],
      [4, 2],
    ]);
  });

  it('reads framing tokens that somebody wrote as their letters', () => {
    const written = [{ utterances: ['a<sep>b', '<pad>', '<|endoftext|>', '<|extract|>'] }];
    const framing = chatTokenizer(written).withSpecialTokens(['<|endoftext|>', '<|extract|>']);
    const { utterances = [] } = encodeDialogues(written, framing, { contextLength: 99 }).dialogues[0] ?? {};
    const letters = (text: string) => Array.from(text, (letter) => framing.tokenId(letter));
    expect(utterances).toEqual(written[0]?.utterances.map((text) => [...letters(text), 2]));
  });

  it('needs the separator in the vocabulary', async () => {
    const plain = CharTokenizer.fromTexts(['abcde']);
    expect(await messageOf(() => encodeDialogues(dialogues, plain, { contextLength: 9 }))).toBe(
      'InputError: the tokenizer has no token "<sep>"',
    );
    expect(await messageOf(() => encodeDialogues(dialogues, tokenizer, { contextLength: 0 }))).toBe(
      'ArgumentError: contextLength is 0; allowed: whole numbers from 1',
    );
    const other = encodeDialogues([{ utterances: ['a', 'b'] }], plain, { contextLength: 9, separator: 'e' });
    expect(other.dialogues[0]?.utterances).toEqual([
      [0, 4],
      [1, 4],
    ]);
  });
});

describe('dialogueTargets', () => {
  const utterances = [
    [3, 4, 2],
    [5, 2],
    [6, 7, 2],
    [8, 2],
  ];

  it('shifts by one: input [:-1], target [1:]', () => {
    expect(dialogueTargets({ utterances, dropped: 0 })).toEqual({
      inputs: [3, 4, 2, 5, 2, 6, 7, 2, 8],
      targets: [4, 2, 5, 2, 6, 7, 2, 8, 2],
      targetCount: 9,
    });
  });

  it('learns the answers alone, with the separator after them', () => {
    const { targets, targetCount } = dialogueTargets({ utterances, dropped: 0 }, { lossOn: 'answers' });
    expect(targets).toEqual([-100, -100, 5, 2, -100, -100, -100, 8, 2]);
    expect(targetCount).toBe(4);
  });

  it('knows who speaks after utterances were cut from the front', () => {
    const { targets } = dialogueTargets({ utterances: utterances.slice(1), dropped: 1 }, { lossOn: 'answers' });
    expect(targets).toEqual([2, -100, -100, -100, 8, 2]);
  });
});

describe('splitDialogues', () => {
  const dialogues = Array.from({ length: 200 }, (_, i) => ({ utterances: [`question ${i % 150}`, 'answer'] }));
  const words = (part: { utterances: string[] }[]) => part.map(({ utterances }) => utterances.join());

  it('gives each dialogue to one part, in order, the same for the same seed', () => {
    const split = splitDialogues(dialogues, { validationFraction: 0.1, seed: 3 });
    expect(split.train.length + split.validation.length).toBe(200);
    expect(split.validation.length).toBeGreaterThanOrEqual(20);
    expect(split.validation.length).toBeLessThanOrEqual(21);
    for (const part of [split.train, split.validation]) {
      expect(
        part.map((dialogue) => dialogues.indexOf(dialogue)).every((at, i, all) => i === 0 || at > (all[i - 1] ?? 0)),
      ).toBe(true);
    }
    expect(splitDialogues(dialogues, { validationFraction: 0.1, seed: 3 })).toEqual(split);
    expect(words(splitDialogues(dialogues, { validationFraction: 0.1, seed: 4 }).validation)).not.toEqual(
      words(split.validation),
    );
  });

  it('never has the same words in both parts', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { train, validation } = splitDialogues(dialogues, { validationFraction: 0.3, seed });
      const trained = new Set(words(train));
      expect(words(validation).filter((dialogue) => trained.has(dialogue))).toEqual([]);
    }
  });

  it('holds out the fraction asked for', () => {
    const unique = Array.from({ length: 100 }, (_, i) => ({ utterances: [`${i}`, 'a'] }));
    const held = (validationFraction: number) =>
      splitDialogues(unique, { validationFraction, seed: 0 }).validation.length;
    expect([0, 0.001, 0.07, 0.1, 0.29, 0.5, 0.99].map(held)).toEqual([0, 1, 7, 10, 29, 50, 99]);
  });

  it('refuses to leave nothing to train on', async () => {
    const two = [{ utterances: ['a', 'b'] }, { utterances: ['a', 'b'] }];
    expect(await messageOf(() => splitDialogues(two, { validationFraction: 0.1, seed: 0 }))).toBe(
      'InputError: 2 dialogues with validationFraction 0.1: none to train on',
    );
    expect(await messageOf(() => splitDialogues(two, { validationFraction: 1, seed: 0 }))).toBe(
      'ArgumentError: validationFraction is 1; allowed: 0 to below 1',
    );
  });
});
