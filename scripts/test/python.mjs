// test/python/test_*.py: PyTorch's own tools on our operators, and checks of the parity fixtures.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../bootstrap/paths.mjs';
import { builtAgainst, findPython } from '../python.mjs';
import { counted, runShown, skip } from './suite.mjs';

const folder = join(root, 'test', 'python');
const needed = ['torch', 'numpy', 'safetensors', 'transformers'];

/** @returns {Promise<import('./suite.mjs').Outcome[]>} one for each file */
export async function python() {
  const files = readdirSync(folder).filter((name) => /^test_.*\.py$/.test(name));
  const outcomes = [];
  for (const file of files) outcomes.push(await runPython(file));
  return outcomes;
}

/**
 * @param {string} file of test/python
 * @param {string[]} [args]
 * @param {NodeJS.ProcessEnv} [env] beside this process's own
 * @returns {Promise<import('./suite.mjs').Outcome>}
 */
export async function runPython(file, args = [], env = {}) {
  const name = `python ${basename(file, '.py')}`;
  const { interpreter, missing } = pythonForChecks();
  if (interpreter === undefined) return skip(name, missing);
  return counted(name, await runShown(interpreter, [join(folder, file), ...args], { ...process.env, ...env }));
}

/** A Python that has what the checks import, or what is missing. @returns {{ interpreter?: string, missing: string }} */
export function pythonForChecks() {
  const { version } = builtAgainst();
  return {
    interpreter: findPython(needed),
    missing: `no python3 has ${needed.join(', ')} with torch ${version}; \`npm run reference\` makes one`,
  };
}
