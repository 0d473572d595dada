// One clear error for people: what is wrong, where the log is and its last lines, what to run.
import { readFileSync } from 'node:fs';

const shownLines = 15;

export class Failure extends Error {
  /**
   * @param {string} message what is wrong
   * @param {{ command?: string, log?: string, exitCode?: 1 | 2 }} [details] what to run; the step's log; 2: a prerequisite is missing
   */
  constructor(message, { command, log, exitCode = 1 } = {}) {
    super(message);
    this.command = command;
    this.log = log;
    this.exitCode = exitCode;
  }
}

/** Prints the failure and ends the process with its exit code. */
export function fail(error) {
  tell(error);
  process.exit(error instanceof Failure ? error.exitCode : 1);
}

/** Prints the failure. Anything else than a Failure is a fault of ours: with its stack. */
export function tell(error) {
  const lines = [];
  if (error instanceof Failure) {
    lines.push('', `error: ${error.message}`);
    if (error.log) lines.push(`log:   ${error.log}`, ...tellingLines(error.log).map((line) => `  | ${line}`));
    if (error.command) lines.push(`run:   ${error.command}`);
  } else {
    lines.push('', `error: ${error?.code === 'ERR_LOAD' ? error.message : (error?.stack ?? error)}`);
  }
  console.error(lines.join('\n'));
}

/** The log's end, and before it the first lines that speak of an error: what follows them is often noise. */
function tellingLines(file) {
  const lines = readLines(file);
  const end = lines.slice(-shownLines);
  const errors = lines.slice(0, -shownLines).filter((line) => /error|FAILED/.test(line));
  return errors.length > 0 ? [...errors.slice(0, shownLines), '…', ...end] : end;
}

function readLines(file) {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch {
    return [];
  }
}
