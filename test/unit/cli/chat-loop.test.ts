import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ChatSession } from '../../../lib/chat/index.js';
import { type ChatLoopOptions, chatLoop } from '../../../lib/cli/chat-loop.js';
import type { FinishReason } from '../../../lib/decode/index.js';

/** Answers `echo: message`, remembers like a session, and waits in mid-answer for messages that say so. */
function fakeSession() {
  let turns: string[] = [];
  const messages: string[] = [];
  const session = {
    async *reply(text: string, signal?: AbortSignal): AsyncGenerator<string, FinishReason> {
      messages.push(text);
      turns.push(text, `echo: ${text}`);
      yield 'echo: ';
      if (text === 'wait') {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        return 'aborted';
      }
      yield text;
      return text === 'long' ? 'length' : 'stop';
    },
    transcript: () => turns,
    reset() {
      turns = [];
    },
  };
  return { session: session as unknown as ChatSession, messages };
}

function streams(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = Object.assign(new PassThrough(), { isTTY, columns: 200 });
  const notes = new PassThrough();
  const written = () => String(output.read() ?? '');
  return { input, output, notes, written };
}

async function pipe(text: string, options: ChatLoopOptions = {}) {
  const { input, output, notes, written } = streams(false);
  const { session, messages } = fakeSession();
  input.end(text);
  await chatLoop(session, options, { input, output, notes });
  return { stdout: written(), stderr: String(notes.read() ?? ''), messages };
}

/** What a person does: types, and looks whether the screen shows something after what was seen before. */
interface Person {
  type(text: string): void;
  sees(text: string): Promise<void>;
}

async function atTerminal(act: (person: Person) => Promise<void>) {
  const { input, output, notes } = streams(true);
  const { session, messages } = fakeSession();
  let screen = '';
  let seen = 0;
  // What readline writes to move the cursor is not of interest here.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  output.on('data', (chunk) => (screen += String(chunk).replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')));
  const chat = chatLoop(session, {}, { input, output, notes });
  await act({
    type: (text) => input.write(text),
    async sees(text) {
      await expect.poll(() => screen.indexOf(text, seen), { timeout: 10_000, interval: 5 }).toBeGreaterThanOrEqual(0);
      seen = screen.indexOf(text, seen) + text.length;
    },
  });
  input.end();
  await chat;
  return { screen, messages };
}

describe('chatLoop, piped', () => {
  it('answers each line with a line, and tells nothing else', async () => {
    expect(await pipe('a\n\n  b  \nc')).toEqual({
      stdout: 'echo: a\necho: b\necho: c\n',
      stderr: '',
      messages: ['a', 'b', 'c'],
    });
  });

  it('writes whole dialogues as a transcript, in the layout of those to train on', async () => {
    const { stdout } = await pipe('a\nb\n\nc\n/history\n', { transcript: true });
    expect(stdout).toBe('a\necho: a\nb\necho: b\n\nc\necho: c\n');
    expect((await pipe('a\n\nb\n/history\n', { transcript: true })).stderr).toBe('you:   b\nmodel: echo: b\n');
  });

  it('gives JSON lines with the reason why each answer ended', async () => {
    const { stdout, stderr } = await pipe('a\n/help\nlong\n', { json: true });
    expect(stdout).toBe('{"text":"echo: a","finishReason":"stop"}\n{"text":"echo: long","finishReason":"length"}\n');
    expect(stderr).toContain('/reset');
  });

  it('runs commands, whose words go to stderr; other slashes are messages', async () => {
    const { stdout, stderr, messages } = await pipe('a\n/history\n/RESET\n/history\n/nonsense\n/ b\n1/2\n/quit\nc\n');
    expect(messages).toEqual(['a', '/ b', '1/2']);
    expect(stdout).toBe('echo: a\necho: / b\necho: 1/2\n');
    expect(stderr).toBe('you:   a\nmodel: echo: a\nnothing yet\nunknown command /nonsense; /help lists the commands\n');
  });
});

describe('chatLoop at a terminal', () => {
  it('greets, prompts, answers and says what was done', async () => {
    const { screen } = await atTerminal(async ({ type, sees }) => {
      await sees('ends the chat.\n> ');
      type('a\r');
      await sees('echo: a\n> ');
      type('/reset\r');
      await sees('a new dialogue\n> ');
      type('long\r');
      await sees('echo: long […]\n> ');
    });
    expect(screen).toMatch(/^Write something\. \/help /);
  });

  it('takes lines that are pasted at once as one message', async () => {
    const { messages } = await atTerminal(async ({ type, sees }) => {
      type('first line\rsecond line\r\rthird\r');
      await sees('third\n> ');
      type('alone\r');
      await sees('echo: alone\n> ');
    });
    expect(messages).toEqual(['first line\nsecond line\n\nthird', 'alone']);
  });

  it('stops an answer at Ctrl-C and goes on; ends at Ctrl-C where there is none', async () => {
    const { messages } = await atTerminal(async ({ type, sees }) => {
      type('wait\r');
      await sees('echo: ');
      type('\x03');
      await sees(' [stopped]\n> ');
      type('b\r');
      await sees('echo: b\n> ');
      type('\x03');
      type('c\r');
    });
    expect(messages).toEqual(['wait', 'b']);
  });
});
