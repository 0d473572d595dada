import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The versions of libtorch that gptorch compiles against and runs on: `from` ≤ version < `before`. */
export const supportedTorch = { from: '2.11', before: '2.14' } as const;

/** The version that the bootstrap and `gptorch install-libtorch` fetch. */
export const fetchedTorch = '2.13.0';

/** Where the version number stands: wheels, zips of libtorch, and any folder with headers. */
const places: readonly { file: string; pattern: RegExp }[] = [
  { file: 'version.py', pattern: /__version__ = ['"](\d+\.\d+\.\d+)/ },
  { file: 'build-version', pattern: /^(\d+\.\d+\.\d+)/ },
  { file: 'include/torch/headeronly/version.h', pattern: /#define TORCH_VERSION \\?\s*"(\d+\.\d+\.\d+)/ },
  {
    file: 'include/torch/csrc/api/include/torch/version.h',
    pattern: /#define TORCH_VERSION \\?\s*"(\d+\.\d+\.\d+)/,
  },
];

/** The version of the libtorch in `folder`, such as `2.13.0`, without its local part (`+cpu`); undefined when no file tells. */
export function readTorchVersion(folder: string): string | undefined {
  for (const { file, pattern } of places) {
    const version = pattern.exec(readIfThere(join(folder, file)))?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}

/** True when gptorch works with this version. */
export function isSupportedTorch(version: string): boolean {
  return minor(version) >= minor(supportedTorch.from) && minor(version) < minor(supportedTorch.before);
}

/** True when an addon compiled against `compiled` runs on `found`: libtorch keeps its binary interface within a minor version. */
export function isCompatibleTorch(compiled: string, found: string): boolean {
  return minor(compiled) === minor(found);
}

/** `2.13.0` → 2013, an order of minor versions. */
function minor(version: string): number {
  const [major = 0, second = 0] = version.split('.').map(Number);
  return major * 1000 + second;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
