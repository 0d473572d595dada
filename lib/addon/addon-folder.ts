import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Floor } from './explain-load.js';
import { packageFolder, readBuildRecord } from './locate-libtorch.js';
import { addonPackage } from './platform-packages.js';

/** A package.json as far as it is read here. */
export interface Manifest {
  version: string;
  /** A platform package's: what its libraries were compiled against, and how old the system may be. */
  gptorch?: { libtorch?: string; floor?: Floor };
  optionalDependencies?: Record<string, string>;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Another build of the addon, for example with a sanitizer. */
export const chosen = process.env.GPTORCH_ADDON ? resolve(process.env.GPTORCH_ADDON) : undefined;

/** The platform's package. */
export const installed = packageFolder(addonPackage());

/** The platform package's manifest, where it is what is used. */
export const manifest = installed === undefined || chosen !== undefined ? undefined : readManifest(installed);

/** Where the addon comes from: `GPTORCH_ADDON`, the platform's package when gptorch is installed, `build/` in a checkout. */
export const addonFolder = chosen ?? installed ?? join(packageRoot, 'build', 'Release');

/** What CMake wrote beside an addon that was built here. */
export const buildRecord = join(addonFolder, 'libtorch.json');

/** The libtorch that the addon was compiled against, where a file tells it. */
export function compiledAgainst(): string | undefined {
  return readBuildRecord(buildRecord)?.version ?? manifest?.gptorch?.libtorch;
}
