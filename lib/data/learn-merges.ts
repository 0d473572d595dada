import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { GptorchError } from '../errors.js';
import { readTextChunks } from './read-text.js';
import { findRustTokenizers } from './rust-tokenizers.js';

export type Merge = readonly [string, string];

export interface LearnOptions {
  /** Ends the training; nothing is left behind. */
  signal?: AbortSignal;
  /** Shows the trainer's progress bars on stderr, where that is a terminal. Default false. */
  progress?: boolean;
}

/** A process of its own: the training is synchronous, shows a progress bar, and ends the process where it fails. */
const PROGRAM = `
  const [, tokenizers, text, result] = process.argv;
  const { BPE, Tokenizer, byteLevelPreTokenizer } = require(tokenizers);
  const tokenizer = new Tokenizer(BPE.empty());
  tokenizer.setPreTokenizer(byteLevelPreTokenizer(false, true));
  tokenizer.train([text]);
  tokenizer.save(result);
`;

/** The merges of a byte-level BPE that Rust's trainer finds in text files, most useful first. */
export async function learnMerges(files: readonly string[], options: LearnOptions): Promise<Merge[]> {
  const tokenizers = findRustTokenizers();
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-bpe-'));
  try {
    // A copy: what is trained on is the text as strictly read, without byte order marks.
    const text = join(folder, 'text');
    const result = join(folder, 'tokenizer.json');
    await copyTexts(files, text, options.signal);
    await runTrainer([tokenizers, text, result], options);
    const { model } = JSON.parse(await readFile(result, 'utf8')) as { model: { merges: Merge[] } };
    return model.merges;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyTexts(files: readonly string[], target: string, signal?: AbortSignal): Promise<void> {
  const handle = await open(target, 'w');
  try {
    for (const file of files) {
      for await (const chunk of readTextChunks(file)) {
        signal?.throwIfAborted();
        await handle.writeFile(chunk); // `write` may write a part of it where the disk becomes full
      }
    }
  } finally {
    await handle.close();
  }
}

async function runTrainer(paths: readonly string[], { signal, progress = false }: LearnOptions): Promise<void> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, ['-e', PROGRAM, ...paths], {
    stdio: ['ignore', 'ignore', progress ? 'inherit' : 'pipe'],
    signal,
  });
  const ended: Promise<[code: number | null, signal: NodeJS.Signals | null]> = new Promise((resolve, reject) => {
    child.on('close', (...how) => resolve(how));
    child.on('error', (error) => reject(signal?.aborted === true ? signal.reason : error));
  });
  const [[code, killedBy], output] = await Promise.all([ended, child.stderr === null ? '' : readStream(child.stderr)]);
  // The last bar leaves its line open.
  if (progress && process.stderr.isTTY) process.stderr.write('\n');
  if (code === 0) return;
  signal?.throwIfAborted();
  const reason = output.trim().split('\n').at(-1) || `its process ended with ${code ?? killedBy}`;
  throw new GptorchError('ERR_TOKENIZER', `training the BPE failed: ${reason}`);
}
