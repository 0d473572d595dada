// `npm run doctor`: works also where the addon does not build; it needs only npm packages and TypeScript.
import { join } from 'node:path';
import { fail } from './bootstrap/failure.mjs';
import { checkNode } from './bootstrap/node-version.mjs';
import { ensureNpmPackages } from './bootstrap/npm-packages.mjs';
import { distFolder } from './bootstrap/paths.mjs';
import { buildTypeScript } from './bootstrap/typescript.mjs';

async function main() {
  checkNode();
  await ensureNpmPackages();
  await buildTypeScript();
  const { doctor } = await import(join(distFolder, 'cli', 'doctor.js'));
  await doctor({ json: process.argv.includes('--json') });
}

await main().catch(fail);
