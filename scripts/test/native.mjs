// test/native: C++ tests of what needs neither libtorch nor Node.
import { join } from 'node:path';
import { configureAndBuild } from '../bootstrap/cmake.mjs';
import { withCMakeTools } from '../bootstrap/cmake-tools.mjs';
import { buildFolder, root } from '../bootstrap/paths.mjs';
import { step } from '../bootstrap/step.mjs';
import { counted, runShown } from './suite.mjs';

/** @returns {Promise<import('./suite.mjs').Outcome>} */
export async function native() {
  const folder = join(buildFolder, 'native-tests');
  await buildNativeTests(folder, { env: await withCMakeTools(), sanitize: '' });
  return runNativeTests(folder);
}

/**
 * @param {string} folder
 * @param {{ env: NodeJS.ProcessEnv, sanitize: string }} options `sanitize` is what -fsanitize takes, or nothing
 */
export async function buildNativeTests(folder, { env, sanitize }) {
  await step('native tests', `building${sanitize && ` with -fsanitize=${sanitize}`}`, (report) =>
    configureAndBuild(join(root, 'test', 'native'), folder, {
      name: `native-tests${sanitize && `-${sanitize}`}`,
      options: { GPTORCH_SANITIZE: sanitize },
      env,
      report,
    }),
  );
}

/**
 * @param {string} folder
 * @param {{ env?: NodeJS.ProcessEnv, launcher?: string[] }} [options] `launcher` is a command that starts the program
 * @returns {Promise<import('./suite.mjs').Outcome>}
 */
export async function runNativeTests(folder, { env = {}, launcher = [] } = {}) {
  const [command, ...args] = [...launcher, join(folder, 'native_tests')];
  return counted('native', await runShown(command, args, { ...process.env, ...env }));
}
