import type { Machine } from './machine.js';
import { addonPackage, prebuilt } from './platform-packages.js';

/** The newest symbols that a platform package's libraries need, as its manifest has them. */
export type Floor = Readonly<Record<string, string>>;

/** libtorch's own floor, where the platform package tells none. */
const oldestGlibc = '2.28';
const withGlibc = '`docker run -it node:22-slim`';

/**
 * Why there is no addon in an installed gptorch, and what to run.
 *
 * @param version gptorch's
 * @param others the platform packages that are there, such as another machine's
 */
export function whyNoAddon(machine: Machine, version: string, others: readonly string[]): string {
  const here = `${machine.platform} ${machine.arch}`;
  if (isMusl(machine)) return musl();
  if (!prebuilt.includes(here)) {
    return `There is no prebuilt gptorch for ${here} (prebuilt: ${prebuilt.join(', ')}). In a checkout of gptorch \`npm run build\` compiles it.`;
  }
  const needed = addonPackage(machine.platform, machine.arch);
  if (others.length > 0) {
    return (
      `node_modules was installed on another machine: it holds ${others.join(', ')}, this one needs ${needed}. ` +
      'Run `npm ci` here, or install with `npm install --os=… --cpu=…` of the machine that will run it.'
    );
  }
  return (
    `The package ${needed}, which holds gptorch's addon, is not installed: optional dependencies were left out ` +
    '(--omit=optional, --no-optional), or package-lock.json comes from another platform. ' +
    `Run \`npm install --include=optional ${needed}@${version}\`.`
  );
}

/**
 * Why a library does not open, and what to run.
 *
 * @param reason the dynamic loader's own words
 */
export function whyNotOpened(machine: Machine, file: string, reason: string, floor: Floor = {}): string {
  if (isMusl(machine)) return musl();
  const start = `Cannot load ${file}`;
  const glibc = /GLIBC_([\d.]+)' not found/.exec(reason)?.[1];
  if (glibc !== undefined) {
    return (
      `${start}: this system has glibc ${machine.glibc}, and glibc ${floor.GLIBC ?? glibc} or newer is needed ` +
      `(Debian 10, Ubuntu 18.10, RHEL 8). Use a newer system, for example ${withGlibc}.`
    );
  }
  if (/(GLIBCXX|CXXABI)_[\d.]+' not found|libstdc\+\+\.so\.6: cannot open/.test(reason)) {
    const needed = floor.GLIBCXX === undefined ? 'a newer libstdc++' : `libstdc++ with GLIBCXX_${floor.GLIBCXX}`;
    return (
      `${start}: ${needed} is needed (${reason}). Run \`apt-get install libstdc++6\` or \`dnf install libstdc++\`, ` +
      'and unset LD_LIBRARY_PATH where it names an older one.'
    );
  }
  if (
    /wrong ELF class|invalid ELF header|incompatible architecture|not a mach-o file|Exec format error/i.test(reason)
  ) {
    return (
      `${start}: it is for another processor or system than this process, ${machine.platform} ${machine.arch} (${reason}). ` +
      'node_modules was copied from another machine, or the file is damaged. Run `rm -rf node_modules && npm ci` here.'
    );
  }
  return `${start}: ${reason}. Run \`npx gptorch doctor\`, which says what was found.`;
}

function isMusl({ platform, glibc }: Machine): boolean {
  return platform === 'linux' && glibc === undefined;
}

function musl(): string {
  return (
    `This system's C library is not glibc (Alpine's is musl), and PyTorch makes no libtorch for it: glibc ${oldestGlibc} or newer is ` +
    `needed. Use an image with glibc, for example ${withGlibc}.`
  );
}
