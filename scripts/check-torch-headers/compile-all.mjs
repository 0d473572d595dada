import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { root } from '../bootstrap/paths.mjs';

/** The folder of cuda_runtime.h beside nvcc, or undefined. */
const cudaHeaders = [process.env.CUDACXX, ...(process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, 'nvcc'))]
  .concat('/usr/local/cuda/bin/nvcc')
  .filter((nvcc) => nvcc !== undefined && existsSync(nvcc))
  .map((nvcc) => join(dirname(dirname(realpathSync(nvcc))), 'include'))
  .find((folder) => existsSync(join(folder, 'cuda_runtime.h')));

/**
 * Whether a source can be checked here: all but those of CUDA's runtime where it is not installed.
 *
 * @param {string} source
 */
export function canCompile(source) {
  return cudaHeaders !== undefined || !/#include <(ATen|c10)\/cuda\//.test(readFileSync(source, 'utf8'));
}

/**
 * Checks each source with the compiler, several at a time, behind a precompiled header as in the build.
 *
 * @param {string[]} sources
 * @param {string} libtorch folder with include/
 * @param {number} jobs
 * @param {(detail: string) => void} report
 * @returns {Promise<{ source: string, output: string }[]>} those that do not compile
 */
export async function compileAll(sources, libtorch, jobs, report) {
  const compiler = process.env.CXX || 'c++';
  const folder = mkdtempSync(join(tmpdir(), 'gptorch-headers-'));
  try {
    const header = join(folder, 'pch.h');
    const heavy = '#include <torch/nn/module.h>\n#include <napi.h>\n';
    writeFileSync(header, readFileSync(join(root, 'native', 'pch.h'), 'utf8') + heavy);
    const options = flags(libtorch);
    const broken = await compile(compiler, [...options, '-x', 'c++-header', header, '-o', `${header}.gch`]);
    if (broken !== undefined) return [{ source: join(root, 'native', 'pch.h'), output: broken }];

    const failed = [];
    const waiting = [...sources];
    const worker = async () => {
      for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
        report(`${sources.length - waiting.length}/${sources.length} ${relative(root, source)}`);
        const output = await compile(compiler, [...options, '-fsyntax-only', '-include', header, source]);
        if (output !== undefined) failed.push({ source, output });
      }
    };
    await Promise.all(Array.from({ length: jobs }, worker));
    return failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As CMake's, without optimisation: only whether it compiles is asked. */
function flags(libtorch) {
  const modules = join(root, 'node_modules');
  const system = [
    join(libtorch, 'include'),
    join(libtorch, 'include', 'torch', 'csrc', 'api', 'include'),
    join(modules, 'node-api-headers', 'include'),
    join(modules, 'node-addon-api'),
    // Of the runtime that CUDA's own parts of torch's headers name; sources that need it are left out where it is missing.
    ...(cudaHeaders === undefined ? [] : [cudaHeaders]),
  ];
  const defines = [
    'AT_PER_OPERATOR_HEADERS',
    'GPTORCH_TORCH_VERSION="0.0.0"',
    'NAPI_VERSION=9',
    'NODE_ADDON_API_CPP_EXCEPTIONS',
  ];
  return [
    '-std=c++20',
    '-fPIC',
    '-fopenmp',
    `-I${join(root, 'native')}`,
    `-I${join(root, 'native', 'distributed', 'transport', 'declarations')}`,
    ...system.flatMap((path) => ['-isystem', path]),
    ...defines.map((define) => `-D${define}`),
  ];
}

/** Undefined when it compiles, else the first lines of what the compiler says. */
function compile(compiler, args) {
  return new Promise((resolve) => {
    execFile(compiler, args, { maxBuffer: 64e6 }, (error, _stdout, stderr) => {
      resolve(error ? (stderr || error.message).split('\n').slice(0, 20).join('\n') : undefined);
    });
  });
}
