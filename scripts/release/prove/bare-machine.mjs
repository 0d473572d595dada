import { spawn } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/**
 * A machine with Node and npm, and no compiler, Python, CMake or libtorch: a PATH of our own, an empty home.
 *
 * @param {string} folder
 * @param {string} registry
 */
export function bareMachine(folder, registry) {
  const bin = join(folder, 'bin');
  const home = join(folder, 'home');
  for (const path of [bin, home]) mkdirSync(path, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  // npm starts what it runs through sh; pnpm's starters are shell scripts.
  for (const name of ['npm', 'npx', 'sh', 'sed', 'dirname', 'uname']) symlinkSync(findOnPath(name), join(bin, name));
  const env = {
    PATH: bin,
    HOME: home,
    NO_COLOR: '1',
    OMP_NUM_THREADS: '2',
    npm_config_registry: registry,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_yes: 'true',
  };

  /**
   * Runs a command there.
   *
   * @param {string} cwd
   * @param {string} command
   * @param {...string} args
   * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
   */
  function run(cwd, command, ...args) {
    const child = spawn(join(bin, command), args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text;
      });
    }
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, ...output }));
    });
  }
  return { run, home };
}

function findOnPath(name) {
  for (const folder of [dirname(process.execPath), ...(process.env.PATH ?? '').split(delimiter)]) {
    try {
      return realpathSync(join(folder, name));
    } catch {}
  }
  throw new Error(`${name} is not on PATH`);
}
