import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkFloor, compareVersions, readFloor } from '../../../scripts/release/floor.mjs';
import { thisPlatform } from '../../../scripts/release/platforms.mjs';

const release = fileURLToPath(new URL('../../../build/Release', import.meta.url));
const names = ['gptorch_loader.node', 'gptorch.node', 'libgptorch_ops.so', 'libgptorch_distributed.so'];
const files = names.map((name) => join(release, name)).filter((file) => existsSync(file));
const floor = thisPlatform()?.floor;

// With a reason where there is none: other platforms have no such versions.
test.runIf(floor !== undefined)('what was built here runs on systems as old as libtorch does', () => {
  expect(files).toHaveLength(names.length);
  checkFloor(files, floor ?? {});
  const found = readFloor(files);
  expect(Object.keys(found)).toEqual(expect.arrayContaining(['GLIBC', 'GLIBCXX']));
  for (const [family, version] of Object.entries(floor ?? {})) {
    expect(compareVersions(found[family] ?? '0', version), family).toBeLessThanOrEqual(0);
  }
});

test.runIf(floor !== undefined)('a library above the limit is named, with its symbols', () => {
  expect(() => checkFloor(files, { GLIBC: '2.2.4' })).toThrow(
    /gptorch_loader\.node: GLIBC_2\.2\.5: .*\bdlopen\b.*native\/compat/s,
  );
});
