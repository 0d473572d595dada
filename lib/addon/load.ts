import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import bindings from 'bindings';
import { LoadError } from '../errors.js';
import type { Addon } from './addon.js';
import {
  addonFolder,
  buildRecord,
  chosen,
  compiledAgainst,
  installed,
  manifest,
  packageRoot,
  readManifest,
} from './addon-folder.js';
import { type CudaOperators, openWithCudaOperators } from './cuda-operators.js';
import { whyNoAddon, whyNotOpened } from './explain-load.js';
import { librariesToOpen } from './libtorch-files.js';
import { type Libtorch, locateLibtorch, packageFolder } from './locate-libtorch.js';
import { thisMachine } from './machine.js';
import { addonPackage, cudaPackage } from './platform-packages.js';
import { isCompatibleTorch } from './torch-version.js';
import { tryLibtorch } from './try-libtorch.js';

interface Loader {
  /** Opens each library, in order, for the whole process. */
  open(paths: string[]): void;
  /** The folder from which this process has loaded another copy of gptorch. */
  otherCopy(): string | undefined;
}

const require = createRequire(import.meta.url);

/** Where our CUDA kernels may lie: beside the addon, in a package of their own, where `npm run build:cuda` puts them. */
const cudaFolders = [addonFolder, packageFolder(cudaPackage()), join(packageRoot, 'build', 'cuda', 'Release')].filter(
  (folder) => folder !== undefined,
);

function loadAddon(): { addon: Addon; libtorch: Libtorch; cudaOperators: CudaOperators } {
  checkVersions();
  const loader = open('gptorch_loader.node') as Loader;
  refuseSecondCopy(loader);
  const libtorch = locateLibtorch({
    buildRecord,
    compiledAgainst: compiledAgainst(),
    packaged: manifest !== undefined,
    tryCuda: (found) => tryLibtorch(found, addonFolder),
  });
  let cudaOperators: CudaOperators;
  try {
    const libraries = librariesToOpen(libtorch.folder, libtorch.device);
    cudaOperators = openWithCudaOperators((paths) => loader.open(paths), libraries, libtorch, cudaFolders);
  } catch (cause) {
    const found = `libtorch ${libtorch.version} in ${libtorch.folder} (found by rule "${libtorch.rule}")`;
    throw new LoadError(
      `${found} does not open: ${whyNotOpened(thisMachine(), libtorch.folder, messageOf(cause), manifest?.gptorch?.floor)}\n` +
        'Or set GPTORCH_LIBTORCH to another folder.',
      { cause },
    );
  }
  const addon = open('gptorch.node') as Addon;
  if (!isCompatibleTorch(addon.torchVersion, libtorch.version)) {
    throw new LoadError(
      `The addon was compiled against libtorch ${addon.torchVersion}, but ${libtorch.folder} holds ${libtorch.version}. ` +
        `Run \`npm run build\` to compile it again, or set GPTORCH_LIBTORCH to a folder with ${addon.torchVersion}.`,
    );
  }
  return { addon, libtorch, cudaOperators };
}

/** gptorch pins its platform package's version; an override or a copied folder can still part them. */
function checkVersions(): void {
  if (manifest === undefined) return;
  const { version } = readManifest(packageRoot);
  if (manifest.version === version) return;
  throw new LoadError(
    `gptorch is ${version}, but ${addonFolder} holds the addon of ${manifest.version}. ` +
      `Run \`npm install gptorch@${version} ${addonPackage()}@${version}\`.`,
  );
}

/** Both would register the same operators with the process's one libtorch, which ends the process. */
function refuseSecondCopy(loader: Loader): void {
  const other = loader.otherCopy();
  if (other === undefined) return;
  throw new LoadError(
    `Another copy of gptorch is loaded in this process, from ${other}; the one in ${addonFolder} cannot be loaded beside it. ` +
      'Keep one copy: see `npm ls gptorch` and `npm dedupe`, or use the second one in a process of its own.',
  );
}

function open(file: string): unknown {
  try {
    const named = chosen ?? installed;
    return named ? require(join(named, file)) : bindings({ bindings: file, module_root: packageRoot });
  } catch (cause) {
    throw new LoadError(explain(join(addonFolder, file), messageOf(cause)), { cause });
  }
}

function explain(file: string, reason: string): string {
  if (chosen) return `Cannot load ${file}: ${reason}. Unset GPTORCH_ADDON.`;
  const isCheckout = existsSync(join(packageRoot, 'CMakeLists.txt'));
  const isMissing = installed === undefined && /Could not locate the bindings file/.test(reason);
  if (isMissing && isCheckout) return `Cannot load ${file}: it is not built. Run \`npm run build\`.`;
  if (isMissing) return whyNoAddon(thisMachine(), readManifest(packageRoot).version, otherPlatforms());
  return whyNotOpened(thisMachine(), file, reason, manifest?.gptorch?.floor);
}

/** Platform packages that npm installed for another machine. */
function otherPlatforms(): string[] {
  const { optionalDependencies = {} } = readManifest(packageRoot);
  const isLibraries = (name: string) => /^@gptorch\/(?!libtorch-)/.test(name);
  return Object.keys(optionalDependencies).filter((name) => isLibraries(name) && packageFolder(name) !== undefined);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The addon, the libtorch that it runs on, and what became of our CUDA kernels. Loading is synchronous and happens once for each thread. */
export const { addon, libtorch, cudaOperators } = loadAddon();
