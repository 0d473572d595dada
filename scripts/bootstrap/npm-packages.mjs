import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { run } from './run.mjs';
import { step } from './step.mjs';

/** Installs node_modules when it does not hold what package-lock.json names. @returns {Promise<boolean>} whether it did */
export async function ensureNpmPackages() {
  if (isInstalled(root)) return false;
  await step('npm', 'installing packages', async (report) => {
    // Our own scripts must not start from here, and no dependency needs one.
    const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
    // Under npm the same npm is used, not another one on PATH.
    const npm = process.env.npm_execpath;
    const [command, rest] = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
    await run('npm-ci', command, rest, { onLine: report, advice: 'npm ci' });
  });
  return true;
}

/**
 * Compares what npm says it installed with the lock file, package by package: a content check that needs no stamp of ours and
 * is right after a person's own `npm ci` too.
 *
 * @param {string} folder
 */
export function isInstalled(folder) {
  const wanted = readPackages(join(folder, 'package-lock.json'));
  const present = readPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || link) return true;
    if (!present[path]) return optional === true; // for another platform
    return present[path].version === version && existsSync(join(folder, path, 'package.json'));
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
