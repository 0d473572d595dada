import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installCommand, outputOf } from './commands.mjs';
import { Failure } from './failure.mjs';
import { cacheFolder } from './paths.mjs';
import { run } from './run.mjs';
import { step } from './step.mjs';

const neededCMake = [3, 24];

/**
 * An environment in which `cmake` (3.24 or newer) and `ninja` are found. What the system lacks is installed by pip into our
 * cache, not into the system.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function withCMakeTools(env = process.env) {
  const missing = [cmakeIsFine(env) ? '' : 'cmake', outputOf('ninja', ['--version'], env) ? '' : 'ninja'].filter(
    Boolean,
  );
  if (missing.length === 0) return env;
  const folder = join(cacheFolder(env), 'tools');
  const extended = { ...env, PATH: [...binFolders(folder), env.PATH].join(delimiter) };
  if (isUsable(extended)) return extended;
  if (outputOf('python3', ['-m', 'pip', '--version'], env) === undefined) {
    throw new Failure(
      `${missing.join(' and ')} (cmake 3.24 or newer) must be installed, and there is no pip to do it with.`,
      {
        command: installCommand('pip'),
        exitCode: 2,
      },
    );
  }
  await step('cmake', `installing ${missing.join(' and ')} into the cache`, (report) =>
    run('pip-cmake', 'python3', ['-m', 'pip', 'install', '--upgrade', '--target', folder, ...missing], {
      env,
      onLine: report,
      advice: `python3 -m pip install ${missing.join(' ')}`,
    }),
  );
  const installed = { ...env, PATH: [...binFolders(folder), env.PATH].join(delimiter) };
  if (!isUsable(installed))
    throw new Failure(`pip installed ${missing.join(' and ')} into ${folder}, but it does not run.`);
  return installed;
}

/** Where the packages keep the programs themselves; the scripts in bin/ would need PYTHONPATH. */
function binFolders(folder) {
  const inPackages = ['cmake', 'ninja'].map((name) => join(folder, name, 'data', 'bin'));
  return [...inPackages, join(folder, 'bin')].filter((path) => existsSync(path));
}

function isUsable(env) {
  return cmakeIsFine(env) && outputOf('ninja', ['--version'], env) !== undefined;
}

function cmakeIsFine(env) {
  const version = /version (\d+)\.(\d+)/.exec(outputOf('cmake', ['--version'], env) ?? '');
  if (!version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > neededCMake[0] || (major === neededCMake[0] && minor >= neededCMake[1]);
}
