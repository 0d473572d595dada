import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildCommonJs } from './common-js.mjs';
import { distFolder, root } from './paths.mjs';
import { run } from './run.mjs';
import { filesUnder, hashInputs, isDone, markDone } from './stamp.mjs';
import { step } from './step.mjs';

const stampFile = join(distFolder, '.stamp.json');

/** Compiles lib/ to dist/, and dist/cjs/ for `require`. @returns {Promise<boolean>} whether it had to */
export async function buildTypeScript() {
  const compiler = join(root, 'node_modules', 'typescript');
  const { version } = JSON.parse(readFileSync(join(compiler, 'package.json'), 'utf8'));
  const hash = hashInputs(
    root,
    ['lib', 'scripts/bootstrap/common-js.mjs', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    [version],
  );
  if (isDone(stampFile, hash)) return false;
  await step('TypeScript', 'compiling lib/ to dist/', async () => {
    // Beside dist/, so that source maps' relative paths hold, and moved there when whole.
    const fresh = join(root, 'dist.new');
    rmSync(fresh, { recursive: true, force: true });
    const args = [join(compiler, 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', fresh];
    await run('tsc', process.execPath, args, { advice: 'npx tsc -p tsconfig.build.json' });
    // The chat page is served as it stands.
    cpSync(join(root, 'lib', 'serve', 'page'), join(fresh, 'serve', 'page'), { recursive: true });
    await buildCommonJs(fresh);
    if (existsSync(distFolder)) rmSync(distFolder, { recursive: true });
    renameSync(fresh, distFolder);
    const outputs = filesUnder(distFolder).filter((file) => file.endsWith('.js'));
    markDone(stampFile, hash, outputs);
  });
  return true;
}
