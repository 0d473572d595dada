import { createInterface, type Interface } from 'node:readline';
import type { ChatSession } from '../chat/index.js';
import { writeJsonLine, writeOut } from './output.js';

const PROMPT = '> ';
const HELP = '/reset forgets the dialogue, /exit ends, Ctrl-C stops an answer';

/** Reads lines from stdin and answers each, until its end, /exit or a Ctrl-C while nothing is being answered. */
export async function chatLoop(session: ChatSession, { json = false }: { json?: boolean }): Promise<void> {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true && !json;
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal && { output: process.stdout, prompt: PROMPT }),
  });
  const interruption = listenForInterrupts(lines);
  if (isTerminal) process.stdout.write(`${HELP}\n`);
  const prompt = () => {
    if (isTerminal) lines.prompt();
  };
  prompt();
  for await (const line of lines) {
    const text = line.trim();
    if (text === '/exit') break;
    if (text === '/reset') session.reset();
    else if (text !== '') await answer(session, text, interruption.begin(), json);
    interruption.end();
    prompt();
  }
  lines.close();
}

async function answer(session: ChatSession, text: string, signal: AbortSignal, json: boolean): Promise<void> {
  let whole = '';
  for await (const piece of session.reply(text, signal)) {
    whole += piece;
    if (!json) await writeOut(piece);
  }
  if (json) await writeJsonLine({ text: whole, finishReason: signal.aborted ? 'aborted' : 'stop' });
  else await writeOut('\n');
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
