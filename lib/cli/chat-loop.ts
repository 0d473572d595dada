import { createInterface, type Interface } from 'node:readline';
import type { ChatSession } from '../chat/index.js';
import type { FinishReason } from '../decode/index.js';
import { runCommand } from './chat-commands.js';
import { readTurns } from './read-turns.js';

const PROMPT = '> ';
const GREETING = 'Write something. /help lists the commands; Ctrl-C stops an answer, once more ends the chat.\n';

/** Where a chat takes place. */
export interface ChatStreams {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
  /** What is for a person and no answer goes here, unless a person reads `output`. */
  notes: NodeJS.WritableStream;
}

/** How a chat is shown. */
export interface ChatLoopOptions {
  /** An object a line instead of text. */
  json?: boolean | undefined;
  /**
   * Not at a terminal: messages are written before their answers, and an empty line begins a new dialogue. What comes out
   * is laid out as the dialogues that a model is trained on.
   */
  transcript?: boolean | undefined;
}

/** Reads messages and answers each, until the input's end, /exit or a Ctrl-C while nothing is being answered. */
export async function chatLoop(
  session: ChatSession,
  { json = false, transcript = false }: ChatLoopOptions = {},
  { input, output, notes }: ChatStreams = { input: process.stdin, output: process.stdout, notes: process.stderr },
): Promise<void> {
  const isTerminal = input.isTTY === true && output.isTTY === true && !json;
  const isTranscript = transcript && !isTerminal;
  const write = (text: string) => writeTo(output, text);
  const tell = (text: string) => writeTo(isTerminal ? output : notes, `${text}\n`);
  if (isTerminal) await write(GREETING);
  // From here to the loop nothing is awaited: lines that came meanwhile would be lost.
  const lines = createInterface({ input, ...(isTerminal && { output, prompt: PROMPT, terminal: true }) });
  const interruption = listenForInterrupts(lines);
  const prompt = () => {
    if (isTerminal) lines.prompt();
  };
  prompt();
  for await (const text of readTurns(lines, isTerminal)) {
    const command = text === '' ? 'blank' : await runCommand(text, session, { tell, isTerminal });
    if (command === 'exit') break;
    if (isTranscript && command === 'blank') {
      session.reset();
      await write('\n');
    }
    if (command === 'message') {
      if (isTranscript) await write(`${text}\n`);
      const signal = interruption.begin();
      if (json) await answerAsJson(session, text, signal, write);
      else await answer(session, text, signal, write, isTerminal);
      interruption.end();
    }
    prompt();
  }
  lines.close();
}

type Write = (text: string) => Promise<void>;

const ENDINGS: Readonly<Record<FinishReason, string>> = {
  stop: '',
  length: ' […]',
  aborted: ' [stopped]',
  timeout: ' [timed out]',
};

async function answer(session: ChatSession, text: string, signal: AbortSignal, write: Write, isTerminal: boolean) {
  const finishReason = await readAll(session.reply(text, signal), write);
  await write(`${isTerminal ? ENDINGS[finishReason] : ''}\n`);
}

async function answerAsJson(session: ChatSession, text: string, signal: AbortSignal, write: Write) {
  let whole = '';
  const finishReason = await readAll(session.reply(text, signal), async (piece) => {
    whole += piece;
  });
  await write(`${JSON.stringify({ text: whole, finishReason })}\n`);
}

async function readAll(reply: AsyncGenerator<string, FinishReason>, use: Write): Promise<FinishReason> {
  while (true) {
    const next = await reply.next();
    if (next.done) return next.value;
    await use(next.value);
  }
}

/** Waits where the reader is slower. */
function writeTo(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (stream.write(text)) resolve();
    else stream.once('drain', resolve);
  });
}

/** Ctrl-C stops the answer that is being given; where none is, it ends the chat. */
function listenForInterrupts(lines: Interface): { begin(): AbortSignal; end(): void } {
  let answering: AbortController | undefined;
  lines.on('SIGINT', () => {
    if (answering === undefined) lines.close();
    else answering.abort();
  });
  return {
    begin() {
      answering = new AbortController();
      return answering.signal;
    },
    end() {
      answering = undefined;
    },
  };
}
