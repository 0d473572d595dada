import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { patience } from './forms.js';

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface FixtureOptions {
  /** Called when the fixture has printed a line: the time to send it a signal. */
  onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void;
  env?: NodeJS.ProcessEnv;
}

/**
 * Runs `fixtures/NAME.mjs` in a process of its own. Plain Node runs it, and Node 20 reads no TypeScript, so fixtures import
 * the built `dist/`, which `npm test` makes first (`npm run build`).
 */
export function runFixture(name: string, args: readonly string[] = [], options: FixtureOptions = {}): Promise<Outcome> {
  return runNode([fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url)), ...args], options);
}

/** Runs Node on a script; one that hangs is killed, and its outcome then shows SIGKILL. */
export function runNode(args: readonly string[], { onLine, env = {} }: FixtureOptions = {}): Promise<Outcome> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMP_NUM_THREADS: '1', ...env },
    timeout: patience,
    killSignal: 'SIGKILL',
  });
  const outcome = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const before = outcome.stdout.split('\n').length;
    outcome.stdout += text;
    const lines = outcome.stdout.split('\n');
    for (const line of lines.slice(before - 1, -1)) onLine?.(line, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    outcome.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...outcome }));
  });
}

/** The last line that a fixture printed, as JSON. */
export function lastLine<T>({ stdout, stderr, code, signal }: Outcome): T {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line) as T;
  } catch {
    throw new Error(
      `the fixture ended with ${code ?? signal} and no line of JSON; stdout: ${stdout}\nstderr: ${stderr}`,
    );
  }
}
