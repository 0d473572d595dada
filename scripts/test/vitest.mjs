import { readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildFolder, root } from '../bootstrap/paths.mjs';
import { runShown } from './suite.mjs';

/** Runs Vitest's tests; `args` are its own: files, `-t name`. @returns {Promise<import('./suite.mjs').Outcome>} */
export async function vitest(args) {
  const report = join(buildFolder, 'vitest.json');
  rmSync(report, { force: true });
  const script = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const skips = join(root, 'scripts', 'test', 'skip-reporter.mjs');
  const reporters = ['--reporter=default', `--reporter=${skips}`, '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await runShown(process.execPath, [script, 'run', ...reporters, ...args]);
  return outcome(readReport(report), code);
}

/** A file that does not load has no failed test in the report, so files and the exit code count too. */
export function outcome(report, code) {
  if (!report) return { name: 'vitest', passed: 0, failed: 1, skipped: 0 };
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + broken;
  return {
    name: 'vitest',
    passed: report.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
    reason: 'each is named above with its reason, or was left out by the command line',
    failures: report.testResults.flatMap(failuresOf),
  };
}

/** A file's failures, as `file > test: first line of the message`. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(root, name);
  if (status === 'failed' && assertionResults.length === 0) return [`${file}: ${firstLine(message)}`];
  return assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => `${file} > ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
}

const firstLine = (text = '') => text.split('\n', 1)[0];

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
