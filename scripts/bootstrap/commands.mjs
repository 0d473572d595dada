import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * What a command prints, or undefined when it cannot be run or fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function outputOf(command, args, env = process.env) {
  try {
    return execFileSync(command, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** The command that installs a prerequisite on this system. @param {'compiler' | 'pip'} what */
export function installCommand(what) {
  const names = {
    compiler: { apt: 'build-essential', dnf: 'gcc-c++', apk: 'build-base', brew: '' },
    pip: { apt: 'python3 python3-pip', dnf: 'python3 python3-pip', apk: 'python3 py3-pip', brew: 'python3' },
  }[what];
  if (process.platform === 'darwin')
    return what === 'compiler' ? 'xcode-select --install' : `brew install ${names.brew}`;
  const system = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (/^ID(_LIKE)?=.*(fedora|rhel|centos)/m.test(system)) return `sudo dnf install -y ${names.dnf}`;
  if (/^ID(_LIKE)?=.*alpine/m.test(system)) return `sudo apk add ${names.apk}`;
  return `sudo apt-get update && sudo apt-get install -y ${names.apt}`;
}
