import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { download } from '../../../lib/hub/download.js';

test('what cannot be written is not tried again behind the part that was: the file would be torn, its hash right', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-download-'));
  const path = join(folder, 'blob');
  const hash = createHash('sha256').update('whole').digest('hex');
  let reads = 0;
  const read = async () =>
    (async function* () {
      reads++;
      // What the file system refuses, as a full disk does.
      yield (reads === 1 ? 42 : Buffer.from('whole')) as Uint8Array;
    })();
  await expect(download({ path: 'model.safetensors', size: 5, hash }, path, { read })).rejects.toMatchObject({
    code: 'ERR_WRITE',
    message: expect.stringContaining(`cannot write ${path}: `),
  });
  expect(reads).toBe(1);
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});
