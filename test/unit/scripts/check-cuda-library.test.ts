import { expect, test } from 'vitest';
import { checkLibrary } from '../../../scripts/build-cuda/check-library.mjs';

const library = {
  file: 'libgptorch_ops_cuda.so',
  needed: ['libc10_cuda.so', 'libtorch_cpu.so', 'libcudart.so.13', 'libstdc++.so.6', 'libc.so.6'],
  runPath: ['$ORIGIN'],
  undefinedNames: ['cudaLaunchKernel', 'c10::Error::what() const'],
};

test('the library that is built may pass', () => {
  expect(() => checkLibrary(library)).not.toThrow();
});

test.each([
  ['it needs libcuda.so.1', { needed: [...library.needed, 'libcuda.so.1'] }],
  ['it needs libcublas.so.13', { needed: [...library.needed, 'libcublas.so.13'] }],
  ['its run path has /home/me/torch/lib', { runPath: ['$ORIGIN', '/home/me/torch/lib'] }],
  ['it calls napi_throw', { undefinedNames: ['napi_throw'] }],
  ['it calls cuInit', { undefinedNames: ['cuInit'] }],
  ["it does not share libtorch's CUDA runtime", { needed: ['libc.so.6'] }],
])('it is refused where %s', (says, change) => {
  expect(() => checkLibrary({ ...library, ...change })).toThrow(says);
});
