import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  fetchedTorch,
  isCompatibleTorch,
  isSupportedTorch,
  readTorchVersion,
  supportedTorch,
} from '../../../lib/addon/torch-version.js';
import { write } from './fake-libtorch.js';
import { temporaryFolder } from './temporary-folder.js';

test.each([
  ['version.py', "__version__ = '2.13.0+cpu'\ndebug = False\n", '2.13.0'],
  ['build-version', '2.12.1+cu130\n', '2.12.1'],
  ['include/torch/headeronly/version.h', '#define TORCH_VERSION \\\n  "2.13.0"\n', '2.13.0'],
  ['include/torch/csrc/api/include/torch/version.h', '#define TORCH_VERSION "2.11.0"\n', '2.11.0'],
])('the version is read from %s', (file, text, version) => {
  const folder = temporaryFolder();
  write(join(folder, file), text);
  expect(readTorchVersion(folder)).toBe(version);
});

test('no file tells no version', () => {
  expect(readTorchVersion(temporaryFolder())).toBeUndefined();
});

test('2.11 to 2.13 are supported', () => {
  const versions = ['1.13.1', '2.9.0', '2.10.9', '2.11.0', '2.12.1', '2.13.5', '2.14.0', '3.0.0'];
  expect(versions.filter(isSupportedTorch)).toEqual(['2.11.0', '2.12.1', '2.13.5']);
  expect(isSupportedTorch(fetchedTorch)).toBe(true);
});

test('an addon runs on the minor version that it was compiled against', () => {
  expect(isCompatibleTorch('2.13.0', '2.13.1')).toBe(true);
  expect(isCompatibleTorch('2.13.0', '2.12.1')).toBe(false);
});

test('CMake checks the same limits', () => {
  const cmake = readFileSync(new URL('../../../cmake/FindLibtorch.cmake', import.meta.url), 'utf8');
  expect(cmake).toContain(`VERSION_LESS ${supportedTorch.from} OR`);
  expect(cmake).toContain(`VERSION_GREATER_EQUAL ${supportedTorch.before})`);
});
