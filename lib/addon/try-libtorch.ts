import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import { librariesToOpen } from './libtorch-files.js';
import type { Libtorch } from './locate-libtorch.js';
import { readAnswers, remember } from './remembered.js';

/** Opens what this process would open, and asks CUDA for its devices: a driver that does not fit may end the process. */
const script = `
const [loader, addon, ...libraries] = process.argv.slice(1);
require(loader).open(libraries);
process.stdout.write('devices: ' + require(addon).engine.cudaDevices());
process.exit(0);`;

/** Loading CUDA's libraries from a slow disk takes the better part of a minute. */
const patience = 120_000;

/**
 * Tries the CUDA part of a libtorch in a process of its own, before this one trusts it. That it works is remembered in the
 * cache folder until libtorch, the addon or the driver changes; that it does not may pass, and is tried again.
 *
 * @param run starts Node with these arguments; for tests
 * @returns why it does not work, or undefined when it does
 */
export function tryLibtorch(
  libtorch: Libtorch,
  addonFolder: string,
  env: NodeJS.ProcessEnv = process.env,
  run: (args: readonly string[]) => SpawnSyncReturns<string> = (args) => runNode(args, env),
): string | undefined {
  const libraries = librariesToOpen(libtorch.folder, libtorch.device);
  const addon = join(addonFolder, 'gptorch.node');
  const files = [addon, ...libraries, '/proc/driver/nvidia/version', '/sys/module/nvidia/version'];
  const key = JSON.stringify([files.map(identify), env.CUDA_VISIBLE_DEVICES, env.LD_LIBRARY_PATH]);
  const memory = join(cacheFolder(env), 'cuda-trials.json');
  if (readAnswers<number>(memory)[key] !== undefined) return undefined;

  const child = run(['-e', script, join(addonFolder, 'gptorch_loader.node'), addon, ...libraries]);
  const devices = Number(/^devices: (\d+)$/.exec(child.stdout)?.[1] ?? Number.NaN);
  if (Number.isNaN(devices)) return whatHappened(child);
  if (devices === 0) return 'it finds no GPU that it can use (nvidia-smi shows what the driver sees)';
  remember(memory, key, devices);
  return undefined;
}

/** A file by what changes when it is replaced. */
function identify(file: string): string {
  const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
  return `${file} ${size} ${Math.round(mtimeMs)}`;
}

function runNode(args: readonly string[], env: NodeJS.ProcessEnv): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, args, { env: { ...env, NODE_OPTIONS: '' }, encoding: 'utf8', timeout: patience });
}

function whatHappened({ status, signal, stderr, error }: SpawnSyncReturns<string>): string {
  const said = /^\s*(?:\w*Error: )(.+)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? '';
  if (said !== '') return said;
  if (error) return error.message;
  return signal ? `the process that tried it was ended by ${signal}` : `the process that tried it ended with ${status}`;
}
