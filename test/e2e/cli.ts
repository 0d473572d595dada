import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  result: Promise<Result>;
}

/** Starts `gptorch`; one thread, so that tests beside each other do not wait for one another's cores. */
export function start(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: 'pipe',
    env: { ...process.env, OMP_NUM_THREADS: '1', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {}); // it ended without reading all
  child.stdin.end(input);
  const result = new Promise<Result>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return { child, result };
}

export function gptorch(
  args: readonly string[],
  input?: string,
  env?: Readonly<Record<string, string>>,
): Promise<Result> {
  return start(args, input, env).result;
}

/** Runs a command that is to succeed; its stdout as parsed JSON lines. */
export async function jsonLines(args: readonly string[], input?: string): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await gptorch(args, input);
  if (code !== 0) throw new Error(`gptorch ${args.join(' ')} ended with ${code}: ${stderr}`);
  return parseLines(stdout);
}

export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** The loss of every step in metrics.jsonl, and of every validation; times left out. */
export async function losses(out: string): Promise<Record<string, unknown>[]> {
  const lines = parseLines(await readFile(join(out, 'metrics.jsonl'), 'utf8'));
  return lines.map(({ seconds: _, ...rest }) => rest);
}

/** A folder for a test file, with a text to train on; `remove` in afterAll. */
export async function makeWorkspace(): Promise<{ path: (name: string) => string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-e2e-'));
  const path = (name: string) => join(folder, name);
  await writeFile(path('text.txt'), makeText(6000));
  await writeFile(path('tiny.json'), JSON.stringify(tinyConfig));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Waits until a file exists. */
export async function untilExists(path: string, signal = AbortSignal.timeout(30_000)): Promise<void> {
  while (!existsSync(path)) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until a run has logged so many lines of metrics. */
export async function untilLogged(out: string, lines: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!existsSync(`${out}/metrics.jsonl`) || (await losses(out).catch(() => [])).length < lines) {
    if (Date.now() > deadline) throw new Error(`no ${lines} lines of metrics in ${out}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Words drawn from a fixed generator: something in it to learn, the same each time. */
export function makeText(words: number): string {
  const vocabulary = [
    'the',
    'sea',
    'is',
    'old',
    'and',
    'deep',
    'a',
    'ship',
    'sails',
    'home',
    'at',
    'night',
    'we',
    'wait',
  ];
  let state = 1;
  const next = () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return vocabulary[Math.floor((state / 2 ** 31) * vocabulary.length)];
  };
  return Array.from({ length: words }, (_, i) => next() + (i % 9 === 8 ? '.\n' : ' ')).join('');
}

/** Small enough that a step takes about a millisecond; with dropout, so that a resume must restore randomness too. */
export const tinyConfig = {
  model: {
    contextLength: 32,
    layers: 2,
    heads: 2,
    width: 32,
    embeddingDropout: 0.1,
    attentionDropout: 0.1,
    residualDropout: 0.1,
  },
  tokenizer: { type: 'char' },
  train: { steps: 60, batchSize: 4, accumulate: 2, lr: 3e-3, warmupSteps: 5, evalEvery: 20, logEvery: 1, seed: 7 },
};
