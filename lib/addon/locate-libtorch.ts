import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { LoadError } from '../errors.js';
import { cacheFolder } from './cache-folder.js';
import { hasCuda, hasHeaders, hasLibraries, type LibtorchDevice } from './libtorch-files.js';
import { libtorchPackage } from './platform-packages.js';
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
  /** Why those that stand before it were passed over, and why its own CUDA part was; a line each. */
  rejected: string[];
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
  /** Says why a libtorch's CUDA part does not work on this machine, or undefined when it does. By default it is trusted. */
  tryCuda?: (libtorch: Libtorch) => string | undefined;
  /** The addon is an npm package: then libtorch should be one too, and the error says when it is missing. */
  packaged?: boolean;
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
    const found = describe(rule, folder, wantsCuda, rejected, options);
    if (!wantsCuda || found.device === 'cuda') return found;
    if (choice === 'cuda' && !hasCuda(folder)) rejected.push(`${rule}: ${folder}: not a CUDA build`);
    first ??= found;
  }
  if (first && choice === 'auto') return first;
  throw notFound(choice, rejected, options);
}

/** A usable folder. Where its CUDA part is wanted and does not work, it is one for the CPU, and `rejected` gets the reason. */
function describe(
  rule: LibtorchRule,
  folder: string,
  wantsCuda: boolean,
  rejected: string[],
  options: LocateOptions,
): Libtorch {
  const device = wantsCuda && hasCuda(folder) ? 'cuda' : 'cpu';
  const found: Libtorch = { folder, version: readTorchVersion(folder) ?? '', device, rule, rejected };
  const problem = device === 'cuda' ? options.tryCuda?.(found) : undefined;
  if (problem === undefined) return found;
  rejected.push(`${rule}: ${folder}: its CUDA part does not work here: ${problem}`);
  return { ...found, device: 'cpu' };
}

/** Every libtorch on this machine, in the order in which they are tried, with what speaks against it. */
export function surveyLibtorch(options: LocateOptions = {}): {
  rule: LibtorchRule;
  folder: string;
  version: string | null;
  cuda: boolean;
  problem: string | null;
}[] {
  return [...candidates(options.env ?? process.env, options)].map(({ rule, folder }) => ({
    rule,
    folder,
    version: readTorchVersion(folder) ?? null,
    cuda: hasCuda(folder),
    problem: problemWith(folder, options) ?? null,
  }));
}

/** True when this machine has a working NVIDIA driver, as far as its files tell. */
export function hasNvidiaDriver(): boolean {
  return ['/dev/nvidiactl', '/dev/dxg'].some((file) => existsSync(file));
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
  return describe('environment', folder, options.hasDriver ?? hasNvidiaDriver(), [], options);
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

function notFound(choice: string, found: string[], options: LocateOptions): LoadError {
  const isMissing = options.packaged === true && packageFolder(libtorchPackage()) === undefined;
  const rejected = isMissing ? [`package: ${libtorchPackage()} is not installed`, ...found] : found;
  const needed = options.compiledAgainst ?? `${supportedTorch.from} or newer, older than ${supportedTorch.before}`;
  const list = rejected.length > 0 ? `Looked at:\n  ${rejected.join('\n  ')}` : 'None was found.';
  return new LoadError(
    `gptorch needs ${choice === 'cuda' ? 'a CUDA build of ' : ''}libtorch (version ${needed}). ${list}\n` +
      `Run \`npx gptorch install-libtorch${choice === 'cuda' ? ' --cuda' : ''}\`, or set GPTORCH_LIBTORCH to a folder with libtorch.`,
  );
}
