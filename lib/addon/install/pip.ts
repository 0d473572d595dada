import { spawn } from 'node:child_process';
import { LoadError } from '../../errors.js';
import { findOnPath } from '../python-torch.js';

/**
 * Runs the active python3's pip.
 *
 * @throws LoadError with pip's own last words.
 */
export async function runPip(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const python = findOnPath('python3', env);
  if (python === undefined) throw new LoadError('there is no python3 on PATH');
  const child = spawn(python, ['-m', 'pip', '--disable-pip-version-check', '--no-input', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new LoadError(`pip failed: ${lastError(output)}`);
}

function lastError(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return (
    lines.filter((line) => /error|no module named/i.test(line)).at(-1) ??
    lines.at(-1) ??
    'it said nothing'
  ).trim();
}
