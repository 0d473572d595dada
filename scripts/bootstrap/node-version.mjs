import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from './failure.mjs';
import { root } from './paths.mjs';

/** Enforces package.json's engines, also where npm did not start the script. */
export function checkNode(version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const needed = /\d+\.\d+/.exec(engines.node)?.[0] ?? '0.0';
  const [major, minor] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = needed.split('.').map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new Failure(`Node ${version} is too old: gptorch needs Node ${needed} or newer.`, {
    command: `nvm install ${neededMajor}   (or see nodejs.org)`,
    exitCode: 2,
  });
}
