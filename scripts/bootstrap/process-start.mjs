import { readFileSync } from 'node:fs';
import { outputOf } from './commands.mjs';

/**
 * When a process of this machine began, as a text that no later process of the same number has; undefined where none runs.
 * The same as lib/process-start.ts, which is not compiled yet when this is needed.
 *
 * @param {number} pid
 * @returns {string | undefined}
 */
export function processStart(pid) {
  if (process.platform !== 'linux') return outputOf('ps', ['-o', 'lstart=', '-p', String(pid)]) || undefined;
  try {
    // proc_pid_stat(5): the name before the last parenthesis may hold anything; then the state, and as field 22 the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
    // Ended, but nobody has waited for it.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}
