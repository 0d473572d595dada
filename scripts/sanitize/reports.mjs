import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap/paths.mjs';

const shownLines = 60;

/** @param {string} folder */
export function clearReports(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

/** Every report is one failure. @returns {import('../test/suite.mjs').Outcome} */
export function countReports(folder) {
  const reports = readReports(folder);
  for (const { file, text } of reports) {
    const lines = text.trimEnd().split('\n');
    console.log(`\n${file}`, ...lines.slice(0, shownLines).map((line) => `\n  | ${line}`));
    if (lines.length > shownLines) console.log(`  | … ${lines.length - shownLines} more lines`);
  }
  return {
    name: 'no report of the sanitizer',
    passed: reports.length === 0 ? 1 : 0,
    failed: reports.length,
    skipped: 0,
  };
}

/**
 * Runs what has a fault on purpose: passes when the sanitizer reports it, and as `expected` says.
 *
 * @param {string} where what runs it: "node"
 * @param {{ kind: string, expected: RegExp }} fault
 * @param {string} command
 * @param {string[]} args
 * @param {{ env: NodeJS.ProcessEnv, reports: string }} sanitizer
 * @returns {import('../test/suite.mjs').Outcome}
 */
export function expectReport(where, { kind, expected }, command, args, { env, reports }) {
  const name = `planted fault found: ${kind} in ${where}`;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const texts = [stderr ?? '', ...readReports(reports).map(({ text }) => text)];
  const found = texts.some((text) => expected.test(text));
  clearReports(reports);
  if (!found) console.log(`no report of ${kind} by ${where} (exit code ${status})`, stdout, ...texts);
  return { name, passed: found ? 1 : 0, failed: found ? 0 : 1, skipped: 0 };
}

/** The runtimes write one file a process: `address.4711`. */
function readReports(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => {
    const file = join(folder, name);
    return { file, text: readFileSync(file, 'utf8') };
  });
}
