import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import bindings from 'bindings';
import { LoadError } from '../errors.js';
import type { Addon } from './addon.js';
import { librariesToOpen } from './libtorch-files.js';
import { type Libtorch, locateLibtorch, packageFolder, readBuildRecord } from './locate-libtorch.js';
import { isCompatibleTorch } from './torch-version.js';

interface Loader {
  /** Opens each library, in order, for the whole process. */
  open(paths: string[]): void;
  /** The folder from which this process has loaded another copy of gptorch. */
  otherCopy(): string | undefined;
}

const require = createRequire(import.meta.url);
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Another build of the addon, for example with a sanitizer. */
const chosen = process.env.GPTORCH_ADDON ? resolve(process.env.GPTORCH_ADDON) : undefined;
const installed = packageFolder(`@gptorch/addon-${process.platform}-${process.arch}`);

/** Where the addon comes from: `GPTORCH_ADDON`, the platform's package when gptorch is installed, `build/` in a checkout. */
export const addonFolder = chosen ?? installed ?? join(packageRoot, 'build', 'Release');

function loadAddon(): { addon: Addon; libtorch: Libtorch } {
  const buildRecord = join(addonFolder, 'libtorch.json');
  const loader = open('gptorch_loader.node') as Loader;
  refuseSecondCopy(loader);
  const libtorch = locateLibtorch({ buildRecord, compiledAgainst: readBuildRecord(buildRecord)?.version });
  try {
    loader.open(librariesToOpen(libtorch.folder, libtorch.device));
  } catch (cause) {
    throw new LoadError(
      `libtorch ${libtorch.version} in ${libtorch.folder} (found by rule "${libtorch.rule}") does not open: ${messageOf(cause)}\n` +
        'Run `npx gptorch doctor`, or set GPTORCH_LIBTORCH to another folder.',
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
  return { addon, libtorch };
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
    const missing = /Could not locate the bindings file/.test(messageOf(cause));
    const reason = missing ? 'it is not built' : messageOf(cause);
    const remedy = chosen ? 'Unset GPTORCH_ADDON' : installed ? 'Run `npm install gptorch`' : 'Run `npm run build`';
    throw new LoadError(`Cannot load ${join(addonFolder, file)}: ${reason}. ${remedy}.`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The addon and the libtorch that it runs on. Loading is synchronous and happens once for each thread. */
export const { addon, libtorch } = loadAddon();
