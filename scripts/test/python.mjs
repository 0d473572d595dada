// test/python/test_*.py: PyTorch's own tools on our operators, and checks of the parity fixtures.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../bootstrap/paths.mjs';
import { builtAgainst, findPython } from '../python.mjs';
import { runShown, skip } from './suite.mjs';

const folder = join(root, 'test', 'python');
const needed = ['torch', 'numpy', 'safetensors', 'transformers'];

/** @returns {Promise<import('./suite.mjs').Outcome[]>} one for each file */
export async function python() {
  const files = readdirSync(folder).filter((name) => /^test_.*\.py$/.test(name));
  const { version } = builtAgainst();
  const interpreter = findPython(needed);
  const outcomes = [];
  for (const file of files) {
    const name = `python ${basename(file, '.py')}`;
    if (interpreter) outcomes.push(counted(name, await runShown(interpreter, [join(folder, file)])));
    else
      outcomes.push(
        skip(name, `no python3 has ${needed.join(', ')} with torch ${version}; \`npm run reference\` makes one`),
      );
  }
  return outcomes;
}

/** The files end with `N passed, N failed`. */
function counted(name, { code, output }) {
  const totals = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  if (!totals) return { name, passed: 0, failed: 1, skipped: 0 };
  const failed = Number(totals[2]);
  return { name, passed: Number(totals[1]), failed: failed === 0 && code !== 0 ? 1 : failed, skipped: 0 };
}
