import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from './failure.mjs';
import { logFolder, root } from './paths.mjs';
import { spawnGroup } from './spawn-group.mjs';

/**
 * Runs a command with its output in build/logs/<name>.log.
 *
 * @param {string} name of the log
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, onLine?: (line: string) => void, advice?: string, append?: boolean }} [options]
 *   `advice` is the command that a person should run when this one fails
 */
export async function run(name, command, args, { env = process.env, onLine = () => {}, advice, append = false } = {}) {
  mkdirSync(logFolder, { recursive: true });
  const file = join(logFolder, `${name}.log`);
  const log = createWriteStream(file, { flags: append ? 'a' : 'w' });
  log.write(`$ ${[command, ...args].join(' ')}\n`);
  const child = spawnGroup(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      log.write(text);
      const line = text.trimEnd().split('\n').at(-1)?.trim();
      if (line) onLine(line);
    });
  }
  const { code, signal, error } = await new Promise((resolve) => {
    child.once('error', (problem) => resolve({ error: problem }));
    child.once('close', (status, killed) => resolve({ code: status, signal: killed }));
  });
  await new Promise((resolve) => log.end(resolve));
  if (code === 0) return;
  const how = error
    ? `did not start: ${error.message}`
    : signal
      ? `was ended by ${signal}`
      : `failed (exit code ${code})`;
  throw new Failure(`${name}: \`${command} ${args[0] ?? ''}\` ${how}`, { log: file, command: advice });
}
