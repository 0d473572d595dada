// A suite's outcome, and the ways to come to one. Every suite says why it was skipped, if it was.
import { tell } from '../bootstrap/failure.mjs';
import { root } from '../bootstrap/paths.mjs';
import { spawnGroup } from '../bootstrap/spawn-group.mjs';

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string} [reason] why tests were skipped
 * @property {string[]} [failures] a line for each failed test, where the suite can tell
 */

/** @returns {Outcome} */
export function skip(name, reason) {
  return { name, passed: 0, failed: 0, skipped: 1, reason };
}

/**
 * A command that passes or fails as a whole.
 *
 * @returns {Promise<Outcome>}
 */
export async function check(name, command, args) {
  const { code } = await runShown(command, args);
  return { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** A program whose output ends with `N passed, N failed`. @returns {Outcome} */
export function counted(name, { code, output }) {
  const totals = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  if (!totals) return { name, passed: 0, failed: 1, skipped: 0 };
  const failed = Number(totals[2]);
  return { name, passed: Number(totals[1]), failed: failed === 0 && code !== 0 ? 1 : failed, skipped: 0 };
}

/**
 * Runs a command with its output shown.
 *
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export async function runShown(command, args, env = process.env) {
  const child = spawnGroup(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(null);
    });
    child.once('close', resolve);
  });
  return { code, output };
}

/**
 * A suite that cannot be run, as where its programs do not compile, is one that failed: the others still run and are counted.
 *
 * @param {{ name: string, run: () => Promise<Outcome | Outcome[]> }} suite
 * @returns {Promise<Outcome[]>}
 */
export async function outcomesOf({ name, run }) {
  try {
    return [await run()].flat();
  } catch (error) {
    tell(error);
    return [{ name, passed: 0, failed: 1, skipped: 0, failures: [`${name}: ${error.message}`] }];
  }
}

/**
 * Prints what failed, each suite's outcome, what was skipped with its reason, and the line that stands last.
 *
 * @param {Outcome[]} outcomes
 */
export function summarize(outcomes) {
  console.log();
  for (const { failures = [] } of outcomes) for (const line of failures) console.log(`FAILED ${line}`);
  for (const { name, passed, failed, skipped, reason } of outcomes) {
    const why = skipped > 0 ? `, ${skipped} skipped (${reason})` : '';
    console.log(`${failed > 0 ? 'FAILED ' : ''}${name}: ${passed} passed, ${failed} failed${why}`);
  }
  const total = (key) => outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
  process.exitCode = total('failed') > 0 ? 1 : 0;
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
}
