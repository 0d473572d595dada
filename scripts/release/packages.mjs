// What each package holds, as a folder that `npm pack` can take.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { addonPackage, cudaPackage, libtorchPackage, prebuilt } from '../../dist/addon/platform-packages.js';
import { Failure } from '../bootstrap/failure.mjs';
import { buildFolder, releaseFolder, root } from '../bootstrap/paths.mjs';
import { builtAgainst } from '../python.mjs';
import { checkFloor, readFloor } from './floor.mjs';
import { platforms } from './platforms.mjs';
import { stripped } from './strip.mjs';

/** The checkout's own; versions and what all packages say alike come from here. */
const checkout = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const cudaLibrary = join(buildFolder, 'cuda', 'Release', 'libgptorch_ops_cuda.so');

/** @typedef {import('./platforms.mjs').Platform} Platform */

/**
 * `gptorch`: TypeScript's output. What is compiled comes as optional dependencies, of which npm takes this machine's; they
 * stand in the published manifest alone, so that a checkout installs without them.
 *
 * @param {string} folder
 */
export function stageGptorch(folder) {
  const { scripts, devDependencies, gypfile, binary, private: _, ...manifest } = checkout;
  const ready = platforms.filter(({ os, cpu }) => prebuilt.includes(`${os} ${cpu}`));
  const packages = ready.flatMap(({ os, cpu }) => [
    [addonPackage(os, cpu), checkout.version],
    [libtorchPackage(os, cpu), builtAgainst().version],
    ...(existsSync(cudaLibrary) ? [[cudaPackage(os, cpu), checkout.version]] : []),
  ]);
  fill(folder, { ...manifest, optionalDependencies: Object.fromEntries(packages) });
  for (const name of ['models', 'README.md']) cpSync(join(root, name), join(folder, name), { recursive: true });
  // The stamp is of the checkout's own build.
  cpSync(join(root, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (file) => basename(file) !== '.stamp.json',
  });
}

/**
 * `@gptorch/linux-x64`: loader, addon, operators and what joins processes. Its manifest tells the loader what they were compiled against and how old
 * the system may be.
 *
 * @param {string} folder
 * @param {Platform} platform
 */
export function stageAddon(folder, platform) {
  const { version } = builtAgainst();
  const libraries = ['libgptorch_ops', 'libgptorch_distributed'].map((name) => `${name}.${platform.suffix}`);
  const names = ['gptorch_loader.node', 'gptorch.node', ...libraries];
  const files = names.map((name) => stripped(join(releaseFolder, name), join(folder, name), platform));
  checkGeneric();
  const { os, cpu, libc } = platform;
  fill(folder, {
    ...common(platform),
    name: addonPackage(os, cpu),
    version: checkout.version,
    description: `gptorch's native addon for ${os} ${cpu}${libc ? ` (${libc})` : ''}`,
    files: names,
    gptorch: { libtorch: version, floor: floorOf(files, platform) },
  });
}

/**
 * `@gptorch/linux-x64-cuda`: the operators' CUDA kernels, where `npm run build:cuda` has made them.
 *
 * @param {string} folder
 * @param {Platform} platform
 * @returns {boolean} whether it has
 */
export function stageCuda(folder, platform) {
  if (!existsSync(cudaLibrary)) return false;
  const file = stripped(cudaLibrary, join(folder, basename(cudaLibrary)), platform);
  const { os, cpu } = platform;
  fill(folder, {
    ...common(platform),
    name: cudaPackage(os, cpu),
    version: checkout.version,
    description: `gptorch's CUDA kernels for ${os} ${cpu}`,
    files: [basename(cudaLibrary)],
    gptorch: { libtorch: builtAgainst().version, floor: floorOf([file], platform) },
  });
  return true;
}

/**
 * `@gptorch/libtorch-cpu-linux-x64`: the libraries that a process opens, stripped, and the licence texts of all that is in them.
 * Its version is libtorch's own: a new gptorch on the same libtorch downloads nothing.
 *
 * @param {string} folder
 * @param {Platform} platform
 */
export function stageLibtorch(folder, platform) {
  const { folder: source, version } = builtAgainst();
  const names = ['c10', 'torch_cpu'].map((name) => `lib${name}.${platform.suffix}`);
  const files = names.map((name) => stripped(join(source, 'lib', name), join(folder, 'lib', name), platform));
  const openmp = readdirSync(join(source, 'lib')).filter((name) => /^lib[gi]?omp[.-]/.test(name));
  for (const name of openmp) cpSync(join(source, 'lib', name), join(folder, 'lib', name));
  writeFileSync(join(folder, 'version.py'), `__version__ = '${version}'\n`);
  cpSync(licencesOf(source), join(folder, 'licenses'), { recursive: true });
  for (const name of readdirSync(join(import.meta.dirname, 'licences'))) {
    cpSync(
      join(import.meta.dirname, 'licences', name),
      join(folder, name === 'NOTICE' ? name : `licenses/libgomp/${name}`),
    );
  }
  const { os, cpu } = platform;
  fill(
    folder,
    {
      ...common(platform),
      name: libtorchPackage(os, cpu),
      version,
      description: `libtorch ${version} for the CPU on ${os} ${cpu}, stripped: PyTorch's C++ libraries`,
      license: 'SEE LICENSE IN NOTICE',
      files: ['lib', 'licenses', 'version.py', 'NOTICE'],
      gptorch: { floor: floorOf([...files, ...openmp.map((name) => join(folder, 'lib', name))], platform) },
    },
    join(folder, 'licenses', 'LICENSE'),
  );
}

function common({ os, cpu, libc }) {
  const { license, engines, author, homepage, repository, bugs } = checkout;
  const machine = { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) };
  // pnpm and Yarn: opened by path, so it must lie in a folder of its own.
  return { license, engines, author, homepage, repository, bugs, ...machine, preferUnplugged: true };
}

function floorOf(files, { floor }) {
  if (floor === undefined) return undefined;
  checkFloor(files, floor);
  return readFloor(files);
}

/** Manifest and licence. */
function fill(folder, manifest, licence = join(root, 'LICENSE')) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(licence, join(folder, 'LICENSE'));
}

/** A wheel's licence texts lie beside torch/. A libtorch that an older bootstrap unpacked has none; Python's of the same version does. */
function licencesOf(libtorch) {
  const places = [dirname(libtorch), ...sitePackages(join(buildFolder, 'reference-python', 'lib'))];
  const { version } = builtAgainst();
  for (const place of places) {
    const name = readdirSync(place).find(
      (entry) => entry.startsWith(`torch-${version}`) && entry.endsWith('.dist-info'),
    );
    if (name && existsSync(join(place, name, 'licenses'))) return join(place, name, 'licenses');
  }
  throw new Failure(`no licence texts beside ${libtorch}`, { command: 'npx gptorch install-libtorch --force' });
}

function sitePackages(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => join(folder, name, 'site-packages'))
    .filter((path) => existsSync(path));
}

/** A package runs on any processor of its kind: newer instructions only where a function asks for them at run time. */
function checkGeneric() {
  const commands = JSON.parse(readFileSync(join(buildFolder, 'compile_commands.json'), 'utf8'));
  const wrong = commands.filter(({ command }) => /\s-m(arch|tune|cpu)=|\s-m(avx|fma|f16c|bmi|amx|sse4)/.test(command));
  if (wrong.length === 0) return;
  throw new Failure(`compiled for this machine's processor:\n  ${wrong.map(({ file }) => file).join('\n  ')}`);
}

/** For a fresh start. */
export function emptyFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}
