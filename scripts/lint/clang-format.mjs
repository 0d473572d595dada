import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../bootstrap/commands.mjs';
import { cacheFolder, root } from '../bootstrap/paths.mjs';
import { run } from '../bootstrap/run.mjs';
import { filesUnder } from '../bootstrap/stamp.mjs';
import { check, skip } from '../test/suite.mjs';

/** Another major version formats otherwise. */
const version = '20.1.8';
const own = join(cacheFolder(), `clang-format-${version}`);

/**
 * Checks (or repairs) the format of the C++ sources.
 *
 * @param {{ fix: boolean }} options
 * @returns {Promise<import('../test/suite.mjs').Outcome>}
 */
export async function clangFormat({ fix }) {
  const program = find();
  if (!program) {
    return skip(
      'clang-format',
      `clang-format ${version.split('.')[0]} is not installed; \`npm run lint -- --install\` puts it into the cache`,
    );
  }
  const sources = ['native', join('test', 'native')]
    .flatMap((folder) => filesUnder(join(root, folder)))
    .filter((file) => /\.(cc|h|cu|cuh)$/.test(file));
  return check('clang-format', program, [...(fix ? ['-i'] : ['--dry-run', '--Werror']), ...sources]);
}

/** Installs the pinned version with pip into our cache. */
export async function installClangFormat() {
  if (find()) return;
  await run('pip-clang-format', 'python3', ['-m', 'pip', 'install', '--target', own, `clang-format==${version}`]);
}

function find() {
  const candidates = ['clang-format', join(own, 'clang_format', 'data', 'bin', 'clang-format')];
  return candidates.find((file) => {
    if (file !== 'clang-format' && !existsSync(file)) return false;
    return outputOf(file, ['--version'])?.includes(` version ${version.split('.')[0]}.`) ?? false;
  });
}
