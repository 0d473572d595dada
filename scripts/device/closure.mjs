import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The installed packages that a checkout's library and some further packages need, as npm has laid them out.
 *
 * @param {string} root folder of the checkout
 * @param {string[]} tools names of packages beside the library's dependencies
 * @returns {string[]} folders relative to `root`
 */
export function closure(root, tools) {
  const found = new Set();
  const visit = (from, names) => {
    for (const name of names) {
      const path = resolve(root, from, name);
      if (path === undefined || found.has(path)) continue;
      found.add(path);
      visit(path, dependencies(join(root, path)));
    }
  };
  visit('.', [...Object.keys(manifest(root).dependencies), ...tools]);
  return [...found].sort();
}

/** Optional ones and peers count where they are installed. */
function dependencies(folder) {
  const {
    dependencies = {},
    optionalDependencies = {},
    peerDependencies = {},
    peerDependenciesMeta = {},
  } = manifest(folder);
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  return [...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers];
}

/** As Node looks: in the package's own node_modules, then in those of the folders above. */
function resolve(root, from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(root, path, 'package.json'))) return path;
    if (folder === '.') return undefined;
  }
}

function manifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
