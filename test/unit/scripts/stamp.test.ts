import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashInputs, isDone, markDone } from '../../../scripts/bootstrap/stamp.mjs';
import { write } from '../addon/fake-libtorch.js';
import { temporaryFolder } from '../addon/temporary-folder.js';

function inputs(): string {
  const folder = temporaryFolder();
  write(join(folder, 'native', 'a.cc'), 'int a;');
  write(join(folder, 'native', 'ops', 'b.cc'), 'int b;');
  write(join(folder, 'CMakeLists.txt'), 'project(x)');
  return folder;
}
const paths = ['native', 'CMakeLists.txt'];

test('the hash follows content and names, not times', () => {
  const folder = inputs();
  const before = hashInputs(folder, paths);
  utimesSync(join(folder, 'native', 'a.cc'), 1, 1);
  expect(hashInputs(folder, paths)).toBe(before);
  expect(hashInputs(folder, paths, ['2.13.0'])).not.toBe(before);

  write(join(folder, 'native', 'ops', 'b.cc'), 'int c;');
  const changed = hashInputs(folder, paths);
  expect(changed).not.toBe(before);
  write(join(folder, 'native', 'ops', 'c.cc'), 'int c;');
  rmSync(join(folder, 'native', 'ops', 'b.cc'));
  expect(hashInputs(folder, paths)).not.toBe(changed);
});

test('a step is done until its inputs change or what it made is gone or cut short', () => {
  const folder = inputs();
  const output = write(join(folder, 'build', 'addon.node'), 'binary');
  const stamp = join(folder, 'build', 'stamp.json');
  expect(isDone(stamp, 'hash')).toBe(false);
  markDone(stamp, 'hash', [output]);
  expect(isDone(stamp, 'hash')).toBe(true);
  expect(isDone(stamp, 'other')).toBe(false);
  write(output, 'bin');
  expect(isDone(stamp, 'hash')).toBe(false);
  rmSync(output);
  expect(isDone(stamp, 'hash')).toBe(false);
  write(stamp, '{ "hash": "ha');
  expect(isDone(stamp, 'hash')).toBe(false);
});
