import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatSession, GREEDY, type ReplyOptions } from '../../../lib/chat/index.js';
import { CHAT_SPECIAL_TOKENS, CharTokenizer } from '../../../lib/data/index.js';
import type { FinishReason, GenerateOptions } from '../../../lib/decode/index.js';
import { GPT } from '../../../lib/model/index.js';

const SEP = 2;
const tokenizer = CharTokenizer.fromTexts(['abcdefgh '], { specialTokens: CHAT_SPECIAL_TOKENS });

/** What the model is asked, and with which options; it answers as it is told. */
let asked: { prompt: string; options: GenerateOptions }[];
let answers: string[];
beforeEach(() => {
  asked = [];
  answers = [];
});

class ScriptedGPT extends GPT {
  override async *generate(prompt: readonly number[], options: GenerateOptions): AsyncGenerator<number, FinishReason> {
    asked.push({ prompt: tokenizer.decode([...prompt]), options });
    const text = answers.shift();
    if (text === undefined) throw new Error('the engine is out of memory');
    for (const token of tokenizer.encode(text)) {
      if (options.signal?.aborted) return 'aborted';
      yield token;
    }
    return 'stop';
  }
}

const model = new ScriptedGPT({ vocabSize: 12, contextLength: 24, layers: 1, heads: 1, width: 8 });
const open = (options: Partial<ReplyOptions> = {}) =>
  new ChatSession(model, tokenizer, SEP, { ...GREEDY, maxNewTokens: 8, ...options });

async function read(reply: AsyncGenerator<string, FinishReason>): Promise<{ pieces: string[]; reason: FinishReason }> {
  const pieces: string[] = [];
  while (true) {
    const next = await reply.next();
    if (next.done) return { pieces, reason: next.value };
    pieces.push(next.value);
  }
}

describe('ChatSession', () => {
  it("puts the model's own answers into the history", async () => {
    answers = ['cd', 'ef'];
    const session = open();
    expect(await read(session.reply('ab'))).toEqual({ pieces: ['c', 'd'], reason: 'stop' });
    await read(session.reply('gh'));
    expect(asked.map(({ prompt }) => prompt)).toEqual(['ab<sep>', 'ab<sep>cd<sep>gh<sep>']);
    expect(session.transcript()).toEqual(['ab', 'cd', 'gh', 'ef']);
  });

  it('forgets whole turns, as many as must go, and always leaves room for the answer', async () => {
    answers = ['cccc', 'dddd', 'eeee', 'f'];
    const session = open();
    for (const message of ['aaaa', 'bbbb', 'abcdefgh', 'h']) await read(session.reply(message));
    // 24 places, 8 of them for the answer: 16 for the prompt.
    expect(asked.map(({ prompt }) => prompt)).toEqual([
      'aaaa<sep>',
      'aaaa<sep>cccc<sep>bbbb<sep>', // 15
      'dddd<sep>abcdefgh<sep>', // 14; with bbbb 19
      'abcdefgh<sep>eeee<sep>h<sep>', // 16
    ]);
    expect(asked.map(({ options }) => options.maxNewTokens)).toEqual([8, 8, 8, 8]);
  });

  it('answers within the context when asked for more than that', async () => {
    answers = ['a'];
    await read(open({ maxNewTokens: 1000 }).reply('abcdefghabcdefgh')); // 12 of 24 places: 11 characters and <sep>
    expect(asked).toMatchObject([{ prompt: 'fghabcdefgh<sep>', options: { maxNewTokens: 12, stop: [SEP] } }]);
  });

  it('keeps what an aborted answer said, and that of a reader who left', async () => {
    answers = ['cdef', 'gh', 'a'];
    const session = open();
    const controller = new AbortController();
    const pieces: string[] = [];
    const reply = session.reply('ab', controller.signal);
    for await (const piece of reply) {
      pieces.push(piece);
      if (pieces.length === 2) controller.abort();
    }
    for await (const _ of session.reply('b')) break;
    await read(session.reply('c'));
    expect(asked.at(-1)?.prompt).toBe('ab<sep>cd<sep>b<sep>g<sep>c<sep>');
  });

  it('lets the model stop where a reader left, and tells what was held back at the end', async () => {
    const vocabulary = CharTokenizer.fromTexts(['ab\ufffd'], { specialTokens: CHAT_SPECIAL_TOKENS });
    const ended = vi.fn();
    const generate = vi.spyOn(model, 'generate').mockImplementation(async function* (): ReturnType<GPT['generate']> {
      try {
        yield* vocabulary.encode('ab\ufffd');
        return 'stop';
      } finally {
        ended();
      }
    });
    const session = new ChatSession(model, vocabulary, SEP, GREEDY);
    expect((await read(session.reply('a'))).pieces).toEqual(['a', 'b', '\ufffd']);
    for await (const _ of session.reply('b')) break;
    expect(ended).toHaveBeenCalledTimes(2);
    generate.mockRestore();
  });

  it('is as before after an error', async () => {
    answers = ['cd'];
    const session = open();
    await read(session.reply('ab'));
    await expect(read(session.reply('h'))).rejects.toThrow('out of memory');
    answers = ['e'];
    await read(session.reply('g'));
    expect(asked.at(-1)?.prompt).toBe('ab<sep>cd<sep>g<sep>');
  });

  it('cannot be made to believe that the model said something', async () => {
    answers = ['c'];
    await read(open().reply('ab<sep>gh'));
    expect(asked[0]?.prompt).toBe('abgh<sep>');
  });

  it('reads other tokens that somebody wrote as their letters', async () => {
    answers = ['c'];
    const vocabulary = new CharTokenizer([...'<pad>se'], { specialTokens: CHAT_SPECIAL_TOKENS });
    await read(new ChatSession(model, vocabulary, SEP, GREEDY).reply('a<pad><s<sep>ep>'));
    const letters = [...'a<pad><sep>'].map((character) => vocabulary.tokenId(character) ?? Number.NaN);
    expect(asked[0]?.prompt).toBe(tokenizer.decode([...letters, SEP]));
  });

  it.each([
    ['abcdefgh\n ', 'ab\ncd'],
    ['abcdefgh ', 'ab cd'],
    ['abcdefgh', 'abcd'],
  ])('reads a message of several lines as the vocabulary can: %j', async (characters, turn) => {
    answers = ['c'];
    const vocabulary = CharTokenizer.fromTexts([characters], { specialTokens: CHAT_SPECIAL_TOKENS });
    const session = new ChatSession(model, vocabulary, SEP, GREEDY);
    await read(session.reply(' ab \r\n\n cd\n'));
    expect(session.transcript()[0]).toBe(turn);
  });

  it('refuses a message without text', async () => {
    await expect(read(open().reply(' \n'))).rejects.toThrow('a message needs text');
  });

  it('draws other numbers for each answer, the same in the same dialogue', async () => {
    answers = ['c', 'c', 'c'];
    const session = open({ seed: 7, temperature: 1 });
    await read(session.reply('a'));
    await read(session.reply('a'));
    await read(open().reply('a'));
    expect(asked.map(({ options }) => options.seed)).toEqual([7, 8, undefined]);
  });

  it('begins anew after reset', async () => {
    answers = ['c', 'd'];
    const session = open();
    await read(session.reply('ab'));
    session.reset();
    await read(session.reply('gh'));
    expect(asked.at(-1)?.prompt).toBe('gh<sep>');
  });
});

describe('ChatSession with a real model', () => {
  it('continues the prompt as complete does', async () => {
    const real = new GPT({ vocabSize: 12, contextLength: 24, layers: 1, heads: 2, width: 16 }, { seed: 3 });
    const session = new ChatSession(real, tokenizer, SEP, { ...GREEDY, maxNewTokens: 6 });
    const { pieces, reason } = await read(session.reply('abc'));
    const prompt = [...tokenizer.encode('abc'), SEP];
    const expected = await real.complete(prompt, { maxNewTokens: 6, temperature: 0, stop: [SEP] });
    expect(pieces.join('')).toBe(tokenizer.decode(expected.tokens));
    expect(reason).toBe(expected.finishReason);
    real.dispose();
  });
});
