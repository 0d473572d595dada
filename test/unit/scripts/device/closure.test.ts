import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closure } from '../../../../scripts/device/closure.mjs';
import { temporaryFolder } from '../../addon/temporary-folder.js';

function write(root: string, path: string, manifest: object): void {
  mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, path, 'package.json'), JSON.stringify(manifest));
}

test('what is packed is what runs: dependencies of dependencies, nested ones, peers, and nothing else', () => {
  const root = temporaryFolder();
  write(root, '.', { dependencies: { a: '1' }, devDependencies: { unused: '1' } });
  write(root, 'node_modules/a', { dependencies: { b: '1', '@scope/c': '1' }, optionalDependencies: { absent: '1' } });
  write(root, 'node_modules/a/node_modules/b', { dependencies: { d: '1' } });
  write(root, 'node_modules/b', {});
  write(root, 'node_modules/@scope/c', {
    peerDependencies: { d: '1', e: '1' },
    peerDependenciesMeta: { e: { optional: true } },
  });
  for (const name of ['d', 'e', 'unused']) write(root, `node_modules/${name}`, {});
  write(root, 'node_modules/tool', { dependencies: { a: '1' } });
  expect(closure(root, ['tool'])).toEqual([
    'node_modules/@scope/c',
    'node_modules/a',
    'node_modules/a/node_modules/b',
    'node_modules/d',
    'node_modules/tool',
  ]);
});
