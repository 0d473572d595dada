import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { librariesToOpen } from '../../../lib/addon/libtorch-files.js';
import { makeLibtorch, write } from './fake-libtorch.js';
import { temporaryFolder } from './temporary-folder.js';

const linux = process.platform === 'linux';

test.runIf(linux)('each library stands after what it needs', () => {
  const packages = temporaryFolder();
  const folder = makeLibtorch(join(packages, 'torch'), '2.13.0');
  write(join(folder, 'lib', 'libgomp.so.1'), '');
  const files = librariesToOpen(folder, 'cpu').map((file) => relative(folder, file));
  expect(files).toEqual(['lib/libgomp.so.1', 'lib/libc10.so', 'lib/libtorch_cpu.so']);
});

test.runIf(linux)('what a wheel bundles beside torch/ is found', () => {
  const packages = temporaryFolder();
  const folder = makeLibtorch(join(packages, 'torch'), '2.13.0');
  write(join(packages, 'torch.libs', 'libgomp-a34b3233.so.1.0.0'), '');
  expect(relative(packages, librariesToOpen(folder, 'cpu')[0] ?? '')).toBe('torch.libs/libgomp-a34b3233.so.1.0.0');
});

test.runIf(linux)("a CUDA build's CPU part needs two of CUDA's libraries, its CUDA part comes last", () => {
  const packages = temporaryFolder();
  const folder = makeLibtorch(join(packages, 'torch'), '2.13.0', { cuda: true });
  write(join(packages, 'nvidia', 'cu13', 'lib', 'libcupti.so.13'), '');
  write(join(packages, 'nvidia', 'cu13', 'lib', 'libcudart.so.13'), '');
  const names = (device: 'cpu' | 'cuda'): string[] =>
    librariesToOpen(folder, device).map((file) => file.split('/').at(-1) ?? '');
  expect(names('cpu')).toEqual(['libcudart.so.13', 'libcupti.so.13', 'libc10.so', 'libtorch_cpu.so']);
  expect(names('cuda').slice(4)).toEqual(['libc10_cuda.so', 'libtorch_cuda.so']);
});
