import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { jobs } from './cmake.mjs';
import { withCMakeTools } from './cmake-tools.mjs';
import { checkCompiler, compilerVersion } from './compiler.mjs';
import { buildFolder, releaseFolder, root } from './paths.mjs';
import { run } from './run.mjs';
import { hashInputs, isDone, markDone } from './stamp.mjs';
import { step } from './step.mjs';

const stampFile = join(releaseFolder, '.stamp.json');
const suffix = process.platform === 'darwin' ? 'dylib' : 'so';
const libraries = ['libgptorch_ops', 'libgptorch_distributed'].map((name) => `${name}.${suffix}`);
const outputs = ['gptorch_loader.node', 'gptorch.node', ...libraries, 'libtorch.json'].map((name) =>
  join(releaseFolder, name),
);

/**
 * Builds the addon with cmake-js into build/Release.
 *
 * @param {{ folder: string, version: string, rule: string }} libtorch
 * @returns {Promise<boolean>} whether it had to
 */
export async function buildNative(libtorch) {
  const headers = ['node-api-headers', 'node-addon-api'].map(packageVersion);
  const hash = hashInputs(
    root,
    ['native', 'cmake', 'CMakeLists.txt'],
    [libtorch.folder, libtorch.version, compilerVersion() ?? '', ...headers],
  );
  if (isDone(stampFile, hash)) return false;
  checkCompiler();
  const env = await withCMakeTools();
  forgetOtherConfiguration();
  const cmakeJs = async (command, options) => {
    const script = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js');
    // package.json's binary.napi_versions makes cmake-js use node-api-headers instead of downloading Node's.
    const args = [
      script,
      command,
      '--generator',
      'Ninja',
      '--parallel',
      jobs(),
      `--CDGPTORCH_LIBTORCH=${libtorch.folder}`,
    ];
    await run('native', process.execPath, args, { env, advice: 'npm run build', ...options });
  };
  await step(
    'native',
    `building with libtorch ${libtorch.version} of ${libtorch.folder} (${libtorch.rule})`,
    async (report) => {
      const onLine = (line) => report(/^\[\d+\/\d+\]/.exec(line)?.[0] ?? '');
      await cmakeJs('configure', { onLine });
      await cmakeJs('build', { onLine, append: true });
      markDone(stampFile, hash, outputs);
    },
  );
  return true;
}

/** A cache of another generator or of a moved checkout would make CMake stop. */
function forgetOtherConfiguration() {
  const cache = join(buildFolder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const text = readFileSync(cache, 'utf8');
  const same =
    text.includes('CMAKE_GENERATOR:INTERNAL=Ninja\n') && text.includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${root}\n`);
  if (same) return;
  rmSync(cache);
  rmSync(join(buildFolder, 'CMakeFiles'), { recursive: true, force: true });
}

function packageVersion(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}
