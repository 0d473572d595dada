// `npm run lint` checks, `npm run format` (--fix) repairs; --install fetches clang-format into the cache first.
import { join } from 'node:path';
import { fail } from './bootstrap/failure.mjs';
import { ensureNpmPackages } from './bootstrap/npm-packages.mjs';
import { root } from './bootstrap/paths.mjs';
import { clangFormat, installClangFormat } from './lint/clang-format.mjs';
import { check } from './test/suite.mjs';

const fix = process.argv.includes('--fix');
const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

await ensureNpmPackages().catch(fail);
if (process.argv.includes('--install')) await installClangFormat().catch(fail);
const outcomes = [
  await check('biome', process.execPath, [biome, 'check', ...(fix ? ['--write'] : ['--error-on-warnings'])]),
  await clangFormat({ fix }),
];
for (const { name, failed, reason } of outcomes) {
  console.log(`${name}: ${reason ? `skipped (${reason})` : failed ? 'FAILED' : 'ok'}`);
}
process.exitCode = outcomes.some(({ failed }) => failed > 0) ? 1 : 0;
