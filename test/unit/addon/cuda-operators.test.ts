import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openWithCudaOperators } from '../../../lib/addon/cuda-operators.js';
import { write } from './fake-libtorch.js';
import { temporaryFolder } from './temporary-folder.js';

const libraries = ['/torch/lib/libc10.so', '/torch/lib/libtorch_cpu.so'];
const libtorch = { version: '2.13.0', device: 'cuda' } as const;

/** A folder with a library, as compiled against `version`. */
function made(version: string): { folder: string; file: string } {
  const folder = temporaryFolder();
  write(join(folder, 'libtorch.json'), JSON.stringify({ folder: '/torch', version }));
  return { folder, file: write(join(folder, 'libgptorch_ops_cuda.so'), '') };
}

/** What was opened successfully, and an `open` that refuses lists in which `refused` is. */
function opener(refused?: string) {
  const opened: string[][] = [];
  const open = (paths: string[]) => {
    if (refused !== undefined && paths.includes(refused)) throw new Error(`cannot open ${refused}`);
    opened.push(paths);
  };
  return { opened, open };
}

test('the kernels are opened behind libtorch, from the first folder that has them', () => {
  const { opened, open } = opener();
  const { folder, file } = made('2.13.1');
  const other = made('2.13.0').folder;
  expect(openWithCudaOperators(open, libraries, libtorch, [temporaryFolder(), folder, other])).toEqual({ file });
  expect(opened).toEqual([[...libraries, file]]);
});

test('they are left alone where libtorch serves the CPU', () => {
  const { opened, open } = opener();
  const { folder } = made('2.13.0');
  openWithCudaOperators(open, libraries, { ...libtorch, device: 'cpu' }, [folder]);
  expect(opened).toEqual([libraries]);
});

test.each<[string, () => string, RegExp]>([
  ['there is none', () => temporaryFolder(), /^there is no libgptorch_ops_cuda\.so in \/.* or \//],
  [
    'it was compiled against another libtorch',
    () => made('2.11.0').folder,
    /compiled against libtorch 2\.11\.0, not 2\.13\.0$/,
  ],
])('libtorch is opened without them and the reason kept: %s', (_, make, says) => {
  const { opened, open } = opener();
  const found = openWithCudaOperators(open, libraries, libtorch, [temporaryFolder(), make()]);
  expect(found).toEqual({ problem: expect.stringMatching(says) });
  expect(opened).toEqual([libraries]);
});

test('a library that does not open is no reason to do without libtorch', () => {
  const { folder, file } = made('2.13.0');
  const { opened, open } = opener(file);
  expect(openWithCudaOperators(open, libraries, libtorch, [folder])).toEqual({ problem: `cannot open ${file}` });
  expect(opened).toEqual([libraries]);
});

test('where libtorch itself does not open, its error is what is thrown', () => {
  const { folder } = made('2.13.0');
  const { open } = opener(libraries[1]);
  expect(() => openWithCudaOperators(open, libraries, libtorch, [folder])).toThrow(`cannot open ${libraries[1]}`);
});
