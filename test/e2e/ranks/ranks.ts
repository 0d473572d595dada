import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Result } from '../cli.js';

export const fixture = (name: string) => fileURLToPath(new URL(`${name}.mjs`, import.meta.url));

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Runs Node on a script as one rank of a job, one thread. */
export function runRank(args: readonly string[], env: Readonly<Record<string, string | number>> = {}): Promise<Result> {
  const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]));
  const child = spawn(process.execPath, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMP_NUM_THREADS: '1', ...given },
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  const result = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    result.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    result.stderr += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...result })));
}

/** Runs all ranks of a job that the test starts itself, as torchrun would. */
export async function runRanks(args: readonly string[], size: number): Promise<Result[]> {
  const port = await freePort();
  const env = { WORLD_SIZE: size, MASTER_ADDR: '127.0.0.1', MASTER_PORT: port };
  return Promise.all(Array.from({ length: size }, (_, rank) => runRank(args, { ...env, RANK: rank })));
}

/** The process of a rank that `gptorch launch` has started. */
export function processOfRank(launcher: number, rank: number): number {
  const children = readFileSync(`/proc/${launcher}/task/${launcher}/children`, 'utf8').trim().split(' ').map(Number);
  const isIt = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`RANK=${rank}`);
  const found = children.find(isIt);
  if (found === undefined) throw new Error(`no rank ${rank} among ${children}`);
  return found;
}
