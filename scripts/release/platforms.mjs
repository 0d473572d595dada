// How the packages of each platform are made. Which platforms gptorch names as dependencies stands in
// lib/addon/platform-packages.ts; docs/releasing.md tells what was tried.

/**
 * @typedef {{
 *   os: string, cpu: string, libc?: string, suffix: string,
 *   floor?: Record<string, string>, strip: string[],
 * }} Platform
 * `floor`: the newest version of each system library's symbols that the platform's libraries may need; packing fails above it.
 * `strip`: the command that drops what only a debugger or linker reads.
 */

/** @type {readonly Platform[]} */
export const platforms = [
  {
    os: 'linux',
    cpu: 'x64',
    libc: 'glibc',
    suffix: 'so',
    // libtorch's own: PyTorch builds it on manylinux_2_28 (Debian 10, Ubuntu 18.10, RHEL 8).
    floor: { GLIBC: '2.28', GLIBCXX: '3.4.22', CXXABI: '1.3.11' },
    strip: ['strip', '--strip-unneeded'],
  },
  { os: 'darwin', cpu: 'arm64', suffix: 'dylib', strip: ['strip', '-x'] },
  { os: 'win32', cpu: 'x64', suffix: 'dll', strip: [] },
];

/** The platform that this machine builds for. */
export function thisPlatform(os = process.platform, cpu = process.arch) {
  return platforms.find((platform) => platform.os === os && platform.cpu === cpu);
}
