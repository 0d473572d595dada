import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a command prints, or null when it cannot be run or fails. */
export function outputOf(command: string, args: readonly string[]): string | null {
  try {
    const output = execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
    return output.trim();
  } catch {
    return null;
  }
}

/** `cmake version 3.25.1` */
export function firstLineOf(command: string): string | null {
  return outputOf(command, ['--version'])?.split('\n')[0]?.trim() ?? null;
}

/** A file's text; empty where there is none. */
export function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
