import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodePieces } from '../../../lib/data/encode-pieces.js';
import {
  CharTokenizer,
  prepareTokens,
  readTokens,
  type Tokenizer,
  tokenizerFingerprint,
  trainBpeTokenizer,
} from '../../../lib/data/index.js';
import { HARD_TEXTS } from './hard-text.js';
import { messageOf, temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const everything = Object.values(HARD_TEXTS).join('\n');

async function decoded(tokenizer: Tokenizer, info: Parameters<typeof readTokens>[0] | undefined) {
  return info === undefined ? undefined : tokenizer.decode(await readTokens(info));
}

describe('prepareTokens', () => {
  it('writes train.bin and val.bin: the last 10 % of the text is held out', async () => {
    const text = 'abcdefghij'.repeat(10);
    const tokenizer = CharTokenizer.fromTexts([text]);
    const file = await folder.write('ten.txt', text);
    const { train, validation, characters } = await prepareTokens([file], tokenizer, folder.path('ten'));
    expect([train.length, validation?.length, characters]).toEqual([90, 10, 100]);
    expect(train).toMatchObject({ path: folder.path('ten/train.bin'), dtype: 'uint16', vocabSize: 10 });
    expect(train.tokenizer).toBe(tokenizerFingerprint(tokenizer));
    expect((await readdir(folder.path('ten'))).sort()).toEqual(['train.bin', 'val.bin']);
    expect(await decoded(tokenizer, train)).toBe(text.slice(0, 90));
    expect(await decoded(tokenizer, validation)).toBe(text.slice(90));
  });

  it('cuts between characters, counted over all files', async () => {
    const tokenizer = CharTokenizer.fromTexts(['𝒳你ab']);
    const files = [await folder.write('1.txt', '\ufeff𝒳𝒳𝒳a'), await folder.write('2.txt', '你𝒳你𝒳b')];
    const all = [...'𝒳𝒳𝒳a你𝒳你𝒳b'];
    for (const held of [2, 3, 4, 5, 6, 7]) {
      const options = { validationFraction: held / 9 };
      const { train, validation } = await prepareTokens(files, tokenizer, folder.path('cut'), options);
      expect(await decoded(tokenizer, train)).toBe(all.slice(0, 9 - held).join(''));
      expect(await decoded(tokenizer, validation)).toBe(all.slice(9 - held).join(''));
    }
  });

  it('holds nothing out when told so, and removes what an earlier call held out', async () => {
    const tokenizer = CharTokenizer.fromTexts([everything]);
    const file = await folder.write('all.txt', everything);
    await prepareTokens([file], tokenizer, folder.path('all'));
    const { train, validation } = await prepareTokens([file], tokenizer, folder.path('all'), { validationFraction: 0 });
    expect(validation).toBeUndefined();
    expect(await decoded(tokenizer, train)).toBe(everything);
    expect(await readdir(folder.path('all'))).toEqual(['train.bin']);
  });

  it('puts <|endoftext|> between files where the vocabulary has it, or what it is told', async () => {
    const files = [await folder.write('one.txt', 'one two'), await folder.write('two.txt', 'three four')];
    const bpe = await trainBpeTokenizer(files, { vocabSize: 257 });
    const all = { validationFraction: 0 };
    const { train } = await prepareTokens(files, bpe, folder.path('sep'), all);
    expect(await decoded(bpe, train)).toBe('one two<|endoftext|>three four');
    const { train: none } = await prepareTokens(files, bpe, folder.path('sep'), { ...all, separator: null });
    expect(await decoded(bpe, none)).toBe('one twothree four');
    const { train: own } = await prepareTokens(files, bpe, folder.path('sep'), { ...all, separator: 0 });
    expect(await decoded(bpe, own)).toBe('one two!three four');
  });

  it('names file and line of a character that the tokenizer lacks', async () => {
    const tokenizer = CharTokenizer.fromTexts(['ab\n']);
    const long = 'ab\n'.repeat(200_000);
    const files = [await folder.write('good.txt', long), await folder.write('bad.txt', `${long}aé\nb\né`)];
    expect(await messageOf(() => prepareTokens(files, tokenizer, folder.path('lacks/deep')))).toBe(
      `InputError: ${files[1]}:200001: character "é" (U+00E9) is not in the vocabulary`,
    );
    // In the held-out part as well.
    expect(
      await messageOf(() => prepareTokens(files, tokenizer, folder.path('lacks/deep'), { validationFraction: 0.001 })),
    ).toContain('bad.txt:200001: character "é"');
    expect(existsSync(folder.path('lacks'))).toBe(false);
  });

  it('leaves nothing behind on bad input, and other files alone', async () => {
    const tokenizer = CharTokenizer.fromTexts(['ab']);
    const files = [await folder.write('a.txt', 'abab'), folder.path('missing.txt')];
    const prepare = () => prepareTokens(files, tokenizer, folder.path('nothing'));
    expect(await messageOf(prepare)).toBe(`InputError: ${files[1]}: not found`);
    expect(existsSync(folder.path('nothing'))).toBe(false);
    await prepareTokens(files.slice(0, 1), tokenizer, folder.path('kept'), { validationFraction: 0.5 });
    await writeFile(folder.path('a.txt'), 'abc');
    expect(await messageOf(() => prepareTokens(files.slice(0, 1), tokenizer, folder.path('kept')))).toContain('"c"');
    expect((await readdir(folder.path('kept'))).sort()).toEqual(['train.bin', 'val.bin']);
  });

  it('says of a pipe that it cannot be read twice', async () => {
    const pipe = folder.path('pipe');
    spawnSync('mkfifo', [pipe]);
    const tokenizer = CharTokenizer.fromTexts(['ab']);
    expect(await messageOf(() => prepareTokens([pipe], tokenizer, folder.path('piped')))).toBe(
      `InputError: ${pipe}: is a pipe; the text is read twice: write it to a file`,
    );
  });

  it('says how much text is needed', async () => {
    const tokenizer = CharTokenizer.fromTexts(['short']);
    const file = await folder.write('short.txt', 'short');
    const message = (options: object) =>
      messageOf(() => prepareTokens([file], tokenizer, folder.path('short'), options));
    expect(await message({ minimumTokens: 33 })).toBe(
      `InputError: ${file}: the training part has 4 tokens; at least 33 are needed`,
    );
    expect(await message({})).toBe(`InputError: ${file}: the validation part has 1 token; at least 2 are needed`);
    expect(await message({ validationFraction: 1 })).toBe(
      'ArgumentError: validationFraction is 1; allowed: 0 to below 1',
    );
    expect(await messageOf(() => prepareTokens([], tokenizer, folder.path('short')))).toBe(
      'ArgumentError: prepareTokens: no text files',
    );
    expect(existsSync(folder.path('short'))).toBe(false);
  });

  it('names no part of a text that is taken whole', async () => {
    const file = await folder.write('one-token.txt', 'a');
    const prepare = () =>
      prepareTokens([file], CharTokenizer.fromTexts(['a']), folder.path('whole'), { validationFraction: 0 });
    expect(await messageOf(prepare)).toBe(`InputError: ${file} has 1 token; at least 2 are needed`);
  });
});

describe('encodePieces', () => {
  let bpe: Tokenizer;
  beforeAll(async () => {
    const file = await folder.write('bpe.txt', `${everything}\n`.repeat(3));
    bpe = await trainBpeTokenizer([file], { vocabSize: 500 });
  });

  async function pieces(tokenizer: Tokenizer, text: string, pieceLength: number): Promise<number[][]> {
    const chunks = text.match(/[\s\S]{1,11}/gu) ?? [];
    const all: number[][] = [];
    for await (const ids of encodePieces(tokenizer, chunks, pieceLength)) all.push(Array.from(ids));
    return all;
  }

  it.each(Object.entries(HARD_TEXTS).filter(([, text]) => text !== ''))(
    'gives the ids of the whole text, however it is cut: %s',
    async (_, text) => {
      const char = CharTokenizer.fromTexts([everything], { specialTokens: ['<unk>', '<sep>'] });
      const long = `${text} <sep>  \n<|endoftext|>\n\n  a ${text}`.repeat(2);
      for (const pieceLength of [1, 2, 5, 23]) {
        expect((await pieces(bpe, long, pieceLength)).flat()).toEqual(bpe.encode(long));
        expect((await pieces(char, long, pieceLength)).flat()).toEqual(char.encode(long));
      }
      expect((await pieces(bpe, long, 1)).length).toBeGreaterThan(2);
    },
  );

  it('gives a tokenizer that does not say otherwise the whole text', async () => {
    const seen: string[] = [];
    const encode = (text: string) => {
      seen.push(text);
      return [1];
    };
    const tokenizer = { vocabSize: 9, encode } as unknown as Tokenizer;
    await pieces(tokenizer, 'a b c d '.repeat(20), 5);
    expect(seen).toEqual(['a b c d '.repeat(20)]);
  });

  it('lets other work go on between pieces', async () => {
    const char = CharTokenizer.fromTexts(['ab ']);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await pieces(char, 'ab '.repeat(5000), 10);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });
});
