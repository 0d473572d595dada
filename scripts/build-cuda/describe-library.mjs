import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * What a shared library asks of others and gives them.
 *
 * @param {string} file
 * @returns {{ file: string, needed: string[], runPath: string[], exported: string[], undefinedNames: string[], text: string }}
 */
export function describeLibrary(file) {
  const dynamic = output('readelf', ['-dW', file]);
  const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name);
  const runPath = [...dynamic.matchAll(/\((?:RUNPATH|RPATH)\).*\[(.+)\]/g)].flatMap(([, path]) => path.split(':'));
  const exported = names(output('nm', ['-DC', '--defined-only', file]));
  const undefinedNames = names(output('nm', ['-DC', '--undefined-only', file]));
  const ours = exported.filter((name) => name.includes('gptorch'));
  const text = [
    `${basename(file)}: ${(statSync(file).size / 1e6).toFixed(1)} MB`,
    `  needs     ${needed.join(', ')}`,
    `  run path  ${runPath.join(', ') || 'none'}`,
    `  exports   ${exported.length} symbols${ours.length > 0 ? `, of ours ${ours.join(', ')}` : ', none of ours: it registers its kernels when it is opened'}`,
    `  imports   ${undefinedNames.length} symbols`,
  ].join('\n');
  return { file, needed, runPath, exported, undefinedNames, text };
}

/** The last column of nm's lines, without symbols' versions. */
function names(text) {
  return text
    .split('\n')
    .map((line) => /^\S*\s+[A-Za-z]\s+(.+)$/.exec(line)?.[1]?.replace(/@.*$/, ''))
    .filter((name) => name !== undefined);
}

function output(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64e6 });
}
