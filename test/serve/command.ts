import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GPTConfigInput } from '../../lib/index.js';
import { makeModel } from './serving.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Writes a model directory. */
export async function saveModel(config: Partial<GPTConfigInput>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-serve-'));
  const { model, tokenizer } = makeModel('', { config });
  await model.save(folder);
  await tokenizer.save(folder);
  model.dispose();
  return folder;
}

/** A `gptorch serve` in a process of its own. */
export interface Command {
  child: ChildProcess;
  url: string;
  /** Settles when it has ended. */
  ended: Promise<{ code: number | null; stderr: string }>;
}

/** Starts `gptorch serve` on a free port and waits until it listens. */
export async function serveCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Command> {
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMP_NUM_THREADS: '1', ...env },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stderr }));
  });
  const url = await new Promise<string>((resolve, reject) => {
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const [, found] = /"url":"([^"]+)"/.exec(stdout) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(({ code }) => reject(new Error(`gptorch serve ended with ${code}: ${stderr}`)));
  });
  return { child, url, ended };
}
