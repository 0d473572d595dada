import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from './bootstrap/commands.mjs';
import { buildFolder, releaseFolder } from './bootstrap/paths.mjs';

/** The libtorch that the addon is built against: its folder and version. `GPTORCH_ADDON` is another build of the addon. */
export function builtAgainst() {
  return JSON.parse(readFileSync(join(process.env.GPTORCH_ADDON || releaseFolder, 'libtorch.json'), 'utf8'));
}

/**
 * A Python whose torch is of the minor version that the addon is built against: the active one, the one that libtorch
 * is part of, or the one that `npm run reference` made.
 *
 * @param {readonly string[]} needed packages, torch first
 * @returns {string | undefined}
 */
export function findPython(needed) {
  const { folder, version } = builtAgainst();
  const owner = join(folder, '..', '..', '..', '..', 'bin', 'python3');
  const made = join(buildFolder, 'reference-python', 'bin', 'python');
  return ['python3', owner, made]
    .filter((file) => file === 'python3' || existsSync(file))
    .find((file) => isUsable(file, needed, version));
}

function isUsable(interpreter, needed, version) {
  const question = `
import importlib.metadata as m
print([m.version(name) for name in ${JSON.stringify(needed)}][0])`;
  const found = outputOf(interpreter, ['-c', question]);
  const minor = (text) => text.split('.').slice(0, 2).join('.');
  return found !== undefined && minor(found) === minor(version);
}
