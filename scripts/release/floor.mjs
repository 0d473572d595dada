// The oldest system libraries that our libraries run on: the newest version of each family of symbols that they need.
import { execFileSync } from 'node:child_process';
import { Failure } from '../bootstrap/failure.mjs';

const families = ['GLIBC', 'GLIBCXX', 'CXXABI', 'GCC'];

/**
 * @param {readonly string[]} files ELF libraries
 * @returns {Record<string, string>} `{ GLIBC: '2.28', GLIBCXX: '3.4.22', … }`; a family that none needs is absent
 */
export function readFloor(files) {
  /** @type {Record<string, string>} */
  const floor = {};
  for (const { family, version } of files.flatMap(neededVersions)) {
    if (floor[family] === undefined || compareVersions(version, floor[family]) > 0) floor[family] = version;
  }
  return floor;
}

/**
 * Fails when a library needs newer symbols than the limit allows, and names them.
 *
 * @param {readonly string[]} files
 * @param {Record<string, string>} limit
 */
export function checkFloor(files, limit) {
  const above = ({ family, version }) => limit[family] !== undefined && compareVersions(version, limit[family]) > 0;
  const complaints = files.flatMap((file) => {
    const versions = neededVersions(file)
      .filter(above)
      .map(({ family, version }) => `${family}_${version}`);
    return versions.map((version) => `  ${file}: ${version}: ${symbolsOf(file, version).join(', ')}`);
  });
  if (complaints.length === 0) return;
  const limits = Object.entries(limit).map(([family, version]) => `${family}_${version}`);
  throw new Failure(
    `newer symbols than ${limits.join(', ')}:\n${complaints.join('\n')}\nnative/compat has others like them.`,
  );
}

/** `2.4` < `2.28` */
export function compareVersions(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

function neededVersions(file) {
  const output = execFileSync('readelf', ['-V', '-W', file], { encoding: 'utf8', maxBuffer: 1e8 });
  const needs = output.slice(output.indexOf("section '.gnu.version_r'"));
  return [...needs.matchAll(/Name: ([A-Z]+)_([\d.]+)/g)]
    .map(([, family, version]) => ({ family, version }))
    .filter(({ family }) => families.includes(family));
}

function symbolsOf(file, version) {
  const output = execFileSync('readelf', ['--dyn-syms', '-W', file], { encoding: 'utf8', maxBuffer: 1e9 });
  return [...output.matchAll(/ UND (\S+?)@(\S+)/g)].filter(([, , of]) => of === version).map(([, name]) => name);
}
