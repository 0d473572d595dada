// test/python/test_*.py: PyTorch's own tools on our operators, and checks of the parity fixtures.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { outputOf } from '../bootstrap/commands.mjs';
import { buildFolder, releaseFolder, root } from '../bootstrap/paths.mjs';
import { runShown, skip } from './suite.mjs';

const folder = join(root, 'test', 'python');
const needed = ['torch', 'numpy', 'safetensors', 'transformers'];

/** @returns {Promise<import('./suite.mjs').Outcome[]>} one for each file */
export async function python() {
  const files = readdirSync(folder).filter((name) => /^test_.*\.py$/.test(name));
  const { folder: libtorch, version } = JSON.parse(readFileSync(join(releaseFolder, 'libtorch.json'), 'utf8'));
  const interpreter = candidates(libtorch).find((each) => isUsable(each, version));
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

/** The active one, the one that libtorch is part of, the one that `npm run reference` made. */
function candidates(libtorch) {
  const owner = join(libtorch, '..', '..', '..', '..', 'bin', 'python3');
  return ['python3', owner, join(buildFolder, 'reference-python', 'bin', 'python')].filter(
    (file) => file === 'python3' || existsSync(file),
  );
}

/** The operators are compiled against one minor version of torch. */
function isUsable(interpreter, version) {
  const question = `
import importlib.metadata as m
print([m.version(name) for name in ${JSON.stringify(needed)}][0])`;
  const found = outputOf(interpreter, ['-c', question]);
  const minor = (text) => text.split('.').slice(0, 2).join('.');
  return found !== undefined && minor(found) === minor(version);
}

/** The files end with `N passed, N failed`. */
function counted(name, { code, output }) {
  const totals = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  if (!totals) return { name, passed: 0, failed: 1, skipped: 0 };
  const failed = Number(totals[2]);
  return { name, passed: Number(totals[1]), failed: failed === 0 && code !== 0 ? 1 : failed, skipped: 0 };
}
