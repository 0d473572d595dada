// Makes a checkout ready to run: npm packages, TypeScript, libtorch, the native addon. Needs nothing but Node to begin with; each
// step is skipped when nothing changed since the last run.

import { fail } from './bootstrap/failure.mjs';
import { ensureLibtorch } from './bootstrap/libtorch.mjs';
import { withLock } from './bootstrap/lock.mjs';
import { buildNative } from './bootstrap/native.mjs';
import { checkNode } from './bootstrap/node-version.mjs';
import { ensureNpmPackages } from './bootstrap/npm-packages.mjs';
import { isMain } from './bootstrap/paths.mjs';
import { seconds, write } from './bootstrap/step.mjs';
import { buildTypeScript } from './bootstrap/typescript.mjs';

/** @returns {Promise<void>} rejects with a Failure */
export async function bootstrap() {
  const started = performance.now();
  checkNode();
  const changed = await withLock(async () => {
    const packages = await ensureNpmPackages();
    const typescript = await buildTypeScript();
    const { libtorch, fetched } = await ensureLibtorch();
    const native = await buildNative(libtorch);
    return packages || typescript || fetched || native;
  });
  write(`gptorch is ${changed ? 'ready' : 'up to date'} (${seconds(started)})`);
}

if (isMain(import.meta.url)) await bootstrap().catch(fail);
