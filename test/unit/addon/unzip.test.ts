import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unzip } from '../../../lib/addon/install/unzip.js';
import { makeZip } from './fake-wheel.js';
import { temporaryFolder } from './temporary-folder.js';

test('only what is wanted is unpacked, byte for byte', async () => {
  const folder = temporaryFolder();
  const zip = join(folder, 'a.zip');
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * index) % 251));
  writeFileSync(zip, makeZip({ 'a/big.bin': bytes, 'a/empty': '', 'b/other': 'x' }));
  await unzip(zip, join(folder, 'out'), (name) => name.startsWith('a/'));
  expect(readFileSync(join(folder, 'out', 'a', 'big.bin')).equals(bytes)).toBe(true);
  expect(readFileSync(join(folder, 'out', 'a', 'empty')).length).toBe(0);
  expect(existsSync(join(folder, 'out', 'b'))).toBe(false);
});

test.each(['../evil', 'a/../../evil', '/evil'])('an entry %s is refused', async (name) => {
  const folder = temporaryFolder();
  const zip = join(folder, 'a.zip');
  writeFileSync(zip, makeZip({ [name]: 'x' }));
  await expect(unzip(zip, join(folder, 'deep', 'out'), () => true)).rejects.toThrow(/leads outside/);
  expect(existsSync(join(folder, 'deep', 'evil'))).toBe(false);
});

test('an entry that unpacks to more than the directory says is refused', async () => {
  const folder = temporaryFolder();
  const zip = join(folder, 'a.zip');
  const bytes = makeZip({ big: Buffer.alloc(100_000) });
  const entry = bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'));
  bytes.writeUInt32LE(10, entry + 24); // the unpacked size
  writeFileSync(zip, bytes);
  await expect(unzip(zip, join(folder, 'out'), () => true)).rejects.toThrow(/longer than the 10 bytes/);
});
