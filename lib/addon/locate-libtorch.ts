import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { LoadError } from '../errors.js';
import { cacheFolder } from './cache-folder.js';
import { hasCuda, hasHeaders, hasLibraries, type LibtorchDevice } from './libtorch-files.js';
import { findPythonTorch } from './python-torch.js';
import { isCompatibleTorch, isSupportedTorch, readTorchVersion, supportedTorch } from './torch-version.js';

/** What led to a folder, in the order in which they are tried. */
export type LibtorchRule = 'environment' | 'build' | 'package' | 'python' | 'cache';

export interface Libtorch {
  /** Holds `lib/` and, for building, `include/`. */
  folder: string;
  /** For example `2.13.0`. */
  version: string;
  /** What is opened; `cpu` also for a CUDA build on a machine without a driver. */
  device: LibtorchDevice;
  rule: LibtorchRule;
}

export interface LocateOptions {
  env?: NodeJS.ProcessEnv;
  /** The version that the addon was compiled against. By default every supported version will do. */
  compiledAgainst?: string;
  /** `build/Release/libtorch.json` of a checkout: the folder that the addon was built against. */
  buildRecord?: string;
  /** The headers are needed too. */
  forBuilding?: boolean;
  /** Whether an NVIDIA driver answers. */
  hasDriver?: boolean;
}

interface Candidate {
  rule: LibtorchRule;
  folder: string;
}

/**
 * Finds the libtorch to run on (or to build with): `GPTORCH_LIBTORCH` or `LIBTORCH`, the folder of the build, the platform's npm
 * package, `torch` of the active python3, our cache. CUDA's is taken where one is installed and a driver answers.
 *
 * @throws LoadError when none is usable; the message says what was found, what is needed and what to run.
 */
export function locateLibtorch(options: LocateOptions = {}): Libtorch {
  const env = options.env ?? process.env;
  const choice = env.GPTORCH_LIBTORCH || env.LIBTORCH || 'auto';
  if (choice !== 'auto' && choice !== 'cpu' && choice !== 'cuda') return fromEnvironment(choice, options);

  const wantsCuda = choice === 'cuda' || (choice === 'auto' && (options.hasDriver ?? hasNvidiaDriver()));
  const rejected: string[] = [];
  let first: Libtorch | undefined;
  for (const { rule, folder } of candidates(env, options)) {
    const problem = problemWith(folder, options);
    if (problem !== undefined) {
      rejected.push(`${rule}: ${folder}: ${problem}`);
      continue;
    }
    const device = wantsCuda && hasCuda(folder) ? 'cuda' : 'cpu';
    const found: Libtorch = { folder, version: readTorchVersion(folder) ?? '', device, rule };
    if (!wantsCuda || device === 'cuda') return found;
    if (choice === 'cuda') rejected.push(`${rule}: ${folder}: not a CUDA build`);
    first ??= found;
  }
  if (first && choice === 'auto') return first;
  throw notFound(choice, rejected, options);
}

/** True when this machine has a working NVIDIA driver, as far as its files tell. */
export function hasNvidiaDriver(): boolean {
  return ['/dev/nvidiactl', '/dev/dxg'].some((file) => existsSync(file));
}

/** npm package with a stripped CPU libtorch. */
export function libtorchPackage(): string {
  return `@gptorch/libtorch-${process.platform}-${process.arch}`;
}

function fromEnvironment(choice: string, options: LocateOptions): Libtorch {
  const folder = resolve(choice);
  const problem = problemWith(folder, options);
  if (problem !== undefined) {
    throw new LoadError(
      `GPTORCH_LIBTORCH (or LIBTORCH) names ${folder}: ${problem}. ` +
        'Set it to cpu, cuda or a folder with libtorch, or unset it to use the one that is installed.',
    );
  }
  const device = hasCuda(folder) && (options.hasDriver ?? hasNvidiaDriver()) ? 'cuda' : 'cpu';
  return { folder, version: readTorchVersion(folder) ?? '', device, rule: 'environment' };
}

/** Lazily, because asking Python takes time. */
function* candidates(env: NodeJS.ProcessEnv, options: LocateOptions): Generator<Candidate> {
  const built = options.buildRecord && readBuildRecord(options.buildRecord)?.folder;
  if (built) yield { rule: 'build', folder: built };
  const packaged = packageFolder(libtorchPackage());
  if (packaged) yield { rule: 'package', folder: packaged };
  const python = findPythonTorch(env);
  if (python) yield { rule: 'python', folder: python };
  for (const folder of cached(cacheFolder(env))) yield { rule: 'cache', folder };
}

export interface BuildRecord {
  folder: string;
  version: string;
}

/** What CMake wrote beside the addon, or undefined. */
export function readBuildRecord(file: string): BuildRecord | undefined {
  try {
    const { folder, version } = JSON.parse(readFileSync(file, 'utf8')) as Partial<BuildRecord>;
    if (typeof folder !== 'string' || !isAbsolute(folder) || typeof version !== 'string') return undefined;
    return { folder, version };
  } catch {
    return undefined;
  }
}

/** The folder of an installed npm package, or undefined. */
export function packageFolder(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** `libtorch-2.13.0-cpu` and the like, newest first. */
function cached(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^libtorch-\d+\.\d+\.\d+-(cpu|cuda)$/.test(name))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => join(folder, name))
    .map((path) => (existsSync(join(path, 'torch', 'lib')) ? join(path, 'torch') : path));
}

/** Why the libtorch in `folder` cannot be used, or undefined when it can. */
function problemWith(folder: string, options: LocateOptions): string | undefined {
  if (!existsSync(folder)) return 'there is no such folder';
  if (!hasLibraries(folder)) return 'there are no lib/libc10 and lib/libtorch_cpu in it';
  const version = readTorchVersion(folder);
  if (version === undefined) return 'no file in it tells its version';
  if (!isSupportedTorch(version)) {
    return `libtorch ${version} is not supported (needed: ${supportedTorch.from} or newer, older than ${supportedTorch.before})`;
  }
  if (options.compiledAgainst !== undefined && !isCompatibleTorch(options.compiledAgainst, version)) {
    return `it is libtorch ${version}, but the addon was compiled against ${options.compiledAgainst}`;
  }
  if (options.forBuilding && !hasHeaders(folder)) return 'there are no headers in it';
  return undefined;
}

function notFound(choice: string, rejected: string[], options: LocateOptions): LoadError {
  const needed = options.compiledAgainst ?? `${supportedTorch.from} or newer, older than ${supportedTorch.before}`;
  const found = rejected.length > 0 ? `Found, but not usable:\n  ${rejected.join('\n  ')}` : 'None was found.';
  return new LoadError(
    `gptorch needs ${choice === 'cuda' ? 'a CUDA build of ' : ''}libtorch (version ${needed}). ${found}\n` +
      `Run \`npx gptorch install-libtorch${choice === 'cuda' ? ' --cuda' : ''}\`, or set GPTORCH_LIBTORCH to a folder with libtorch.`,
  );
}
