import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../bootstrap/failure.mjs';
import { cacheFolder, distFolder, releaseFolder } from '../bootstrap/paths.mjs';

const script = `
const [loader, addon, ...libraries] = process.argv.slice(1);
require(loader).open(libraries);
process.stdout.write(JSON.stringify(require(addon).engine.cudaKernels()));
process.exit(0);`;

/**
 * Opens the library as the loader does, behind a whole CUDA build of libtorch, in a process of its own; no driver is needed.
 *
 * @param {string} file
 * @param {string} version of libtorch
 * @returns {Promise<string>} a line that says which operators have kernels then, or why it was not tried
 */
export async function describeRegistered(file, version) {
  const folder = join(cacheFolder(), `libtorch-${version}-cuda`, 'torch');
  const [loader, addon] = ['gptorch_loader.node', 'gptorch.node'].map((name) => join(releaseFolder, name));
  if (!existsSync(folder))
    return '  registers not tried: no CUDA build in the cache (npx gptorch install-libtorch --cuda)';
  if (!existsSync(addon)) return '  registers not tried: the addon is not built (npm run build)';
  const { librariesToOpen } = await import(join(distFolder, 'addon', 'libtorch-files.js'));
  const libraries = [...librariesToOpen(folder, 'cuda'), file];
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script, loader, addon, ...libraries], {
    encoding: 'utf8',
  });
  const names = status === 0 ? JSON.parse(stdout) : [];
  if (names.length === 0) throw new Failure(`${file} registers nothing behind ${folder}: ${stderr.trim()}`);
  return `  registers ${names.join(', ')}`;
}
