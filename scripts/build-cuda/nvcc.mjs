import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../bootstrap/commands.mjs';
import { Failure } from '../bootstrap/failure.mjs';

/**
 * The CUDA compiler: CUDACXX, nvcc of PATH, or of CUDA's usual folder. Its major version must be that of libtorch's CUDA: both
 * share one runtime library.
 *
 * @param {string} libtorch folder with version.py
 * @returns {{ file: string, version: string }}
 */
export function findCompiler(libtorch) {
  const needed = cudaOf(libtorch);
  const candidates = [process.env.CUDACXX, 'nvcc', '/usr/local/cuda/bin/nvcc'].filter(Boolean);
  for (const file of candidates) {
    const version = /release (\d+\.\d+)/.exec(outputOf(file, ['--version']) ?? '')?.[1];
    if (version === undefined) continue;
    if (major(version) === major(needed)) return { file, version };
    throw new Failure(`${file} is of CUDA ${version}, but ${libtorch} was built with ${needed}`, {
      command: `CUDACXX=<nvcc of CUDA ${major(needed)}> npm run build:cuda`,
      exitCode: 2,
    });
  }
  throw new Failure(`there is no nvcc (looked for: ${candidates.join(', ')}); CUDA ${major(needed)}'s is needed`, {
    command: 'CUDACXX=<path of nvcc> npm run build:cuda',
    exitCode: 2,
  });
}

function cudaOf(libtorch) {
  const text = readFileSync(join(libtorch, 'version.py'), 'utf8');
  const version = /^cuda\b.*=\s*'([\d.]+)'/m.exec(text)?.[1];
  if (version === undefined)
    throw new Failure(`${libtorch} is not a CUDA build of torch: its version.py names no CUDA`);
  return version;
}

function major(version) {
  return version.split('.')[0];
}
