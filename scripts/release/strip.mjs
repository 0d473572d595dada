import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Copies a library without what only debuggers and linkers read.
 *
 * @param {string} from
 * @param {string} to
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {string} `to`
 */
export function stripped(from, to, { strip: [command, ...options] }) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
  if (command !== undefined) execFileSync(command, [...options, to]);
  return to;
}
