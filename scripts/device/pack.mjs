// `npm run device:pack`: what a machine without npm lacks of a checkout, in build/device-pack.tar.xz: this Node, the packages
// that the library and its tests run with, and dist/. scripts/device/run.sh unpacks it there.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, fail } from '../bootstrap/failure.mjs';
import { buildFolder, distFolder, root } from '../bootstrap/paths.mjs';
import { step, write } from '../bootstrap/step.mjs';
import { bootstrap } from '../bootstrap.mjs';
import { closure } from './closure.mjs';

/** What may be carried to such a machine, with the checkout. */
const limit = 64 * 2 ** 20;
/** Beside the library's own dependencies. */
const tools = ['vitest', 'node-addon-api', 'node-api-headers'];

async function main() {
  await bootstrap();
  const packages = closure(root, tools);
  const file = join(buildFolder, 'device-pack.tar.xz');
  const folder = mkdtempSync(join(buildFolder, '.device-pack-'));
  try {
    await step('device', `packing Node ${process.versions.node}, ${packages.length} packages and dist/`, async () => {
      mkdirSync(join(folder, 'bin'));
      cpSync(process.execPath, join(folder, 'bin', 'node'));
      cpSync(distFolder, join(folder, 'dist'), { recursive: true });
      for (const path of packages) {
        // Packages nested in one lie in its folder already where it is copied whole.
        cpSync(join(root, path), join(folder, path), { recursive: true, dereference: false });
      }
      const options = { env: { ...process.env, XZ_OPT: '-6 -T0' } };
      execFileSync('tar', ['-cJf', `${folder}.tar.xz`, '-C', folder, 'bin', 'dist', 'node_modules'], options);
    });
    renameSync(`${folder}.tar.xz`, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}.tar.xz`, { force: true });
  }
  const { size } = statSync(file);
  write(`${file}: ${(size / 2 ** 20).toFixed(1)} MiB`);
  const checkout = trackedBytes();
  write(`with the checkout's tracked files: ${((size + checkout) / 2 ** 20).toFixed(1)} MiB`);
  if (size + checkout > limit) throw new Failure(`that is more than ${limit / 2 ** 20} MiB`);
}

function trackedBytes() {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  return files.reduce((sum, name) => sum + (statSync(join(root, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

await main().catch(fail);
