import { spawn } from 'node:child_process';
import { root } from '../bootstrap/paths.mjs';

/** Of a command's output the end is kept. */
const kept = 4000;

/**
 * Runs a command within a time and never throws.
 *
 * @param {string[]} command
 * @param {{ env?: NodeJS.ProcessEnv, milliseconds: number }} options `env` beside this process's own
 * @returns {Promise<{ ok: boolean, stdout: string, problem?: string }>} all of stdout; `problem` has the end of both streams
 */
export function runCommand([program, ...args], { env = {}, milliseconds }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: Math.max(1, Math.round(milliseconds)),
      killSignal: 'SIGKILL',
    });
    let [stdout, all] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      all = (all + text).slice(-kept);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      all = (all + text).slice(-kept);
    });
    child.once('error', (error) => resolve({ ok: false, stdout, problem: error.message }));
    child.once('close', (code, signal) => {
      if (code === 0) return resolve({ ok: true, stdout });
      const how = signal === null ? `exit code ${code}` : `ended by ${signal}, perhaps out of time`;
      resolve({ ok: false, stdout, problem: `${program} ${args[0] ?? ''}: ${how}\n${all}` });
    });
  });
}
