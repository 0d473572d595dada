import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checkTokenFile, readTokenFileInfo, readTokens } from '../../../lib/data/index.js';
import { TokenFileWriter } from '../../../lib/data/token-file-writer.js';
import { messageOf, temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const hash = 'ab'.repeat(32);

async function write(name: string, ids: number[], vocabSize: number) {
  const writer = await TokenFileWriter.create(folder.path(name), { vocabSize, tokenizer: hash });
  // Several pieces, and one that is empty.
  for (const piece of [ids.slice(0, 3), [], ids.slice(3)]) await writer.write(piece);
  return await writer.close();
}

describe('a token file', () => {
  it.each([
    [65_536, 'uint16', [0, 1, 255, 256, 65_535]],
    [65_537, 'uint32', [0, 1, 255, 65_535, 65_536]],
  ])('of a vocabulary of %d has %s ids', async (vocabSize, dtype, ids) => {
    const info = await write(`${dtype}.bin`, ids, vocabSize);
    const path = folder.path(`${dtype}.bin`);
    expect(info).toEqual({ path, dtype, offset: 64, length: 5, vocabSize, tokenizer: hash });
    expect(await readTokenFileInfo(path)).toEqual(info);
    expect([...(await readTokens(info))]).toEqual(ids);
  });

  it('is 64 bytes of header, then the ids in little-endian', async () => {
    await write('layout.bin', [1, 0x1234, 65_535], 65_536);
    const bytes = await readFile(folder.path('layout.bin'));
    expect(bytes.subarray(0, 32).toString('hex')).toBe(
      [
        Buffer.from('gptorch\0').toString('hex'),
        '01000000',
        '02000000',
        '0300000000000000',
        '00000100',
        '00000000',
      ].join(''),
    );
    expect(bytes.subarray(32, 64).toString('hex')).toBe(hash);
    expect(bytes.subarray(64).toString('hex')).toBe('01003412ffff');
  });

  it('may be longer than the buffers it goes through', async () => {
    const ids = Array.from({ length: 1_200_000 }, (_, i) => (i * 7919) % 60_000);
    const info = await write('long.bin', ids, 60_000);
    const read = await readTokens(info);
    expect(read.length).toBe(ids.length);
    expect(ids.every((id, i) => read[i] === id)).toBe(true);
  });

  it('refuses an id out of range when it is written, and leaves nothing behind', async () => {
    await mkdir(folder.path('refused'));
    const writer = await TokenFileWriter.create(folder.path('refused/a.bin'), { vocabSize: 10, tokenizer: hash });
    await writer.write([9]);
    for (const id of [10, -1, 1.5]) {
      expect(await messageOf(() => writer.write([id]))).toBe(
        `InputError: ${folder.path('refused/a.bin')}: token 1 has id ${id}, out of range; allowed: 0 to 9`,
      );
    }
    await writer.abandon();
    expect(await readdir(folder.path('refused'))).toEqual([]);
  });

  it('keeps what was there until the new one is whole', async () => {
    await write('kept.bin', [1, 2, 3], 10);
    const writer = await TokenFileWriter.create(folder.path('kept.bin'), { vocabSize: 10, tokenizer: hash });
    await writer.write([4]);
    expect((await readTokenFileInfo(folder.path('kept.bin'))).length).toBe(3);
    await writer.close();
    expect((await readTokenFileInfo(folder.path('kept.bin'))).length).toBe(1);
  });

  it('is checked against the vocabulary of a model: file, index and id', async () => {
    const ids = Array<number>(1_100_000).fill(3);
    ids[1_090_000] = 70;
    const info = await write('check.bin', ids, 100);
    await checkTokenFile(info, 71);
    expect(await messageOf(() => checkTokenFile(info, 70))).toBe(
      `InputError: ${info.path}: token 1090000 has id 70, out of range; allowed: 0 to 69`,
    );
  });

  it('is refused when it is something else, damaged or newer', async () => {
    const path = folder.path('bad.bin');
    const message = async () => (await messageOf(() => readTokenFileInfo(path))).replace(path, 'bad.bin');
    expect(await message()).toBe('InputError: bad.bin: not found');
    await mkdir(folder.path('a-folder'));
    expect(await messageOf(() => readTokenFileInfo(folder.path('a-folder')))).toMatch(
      /: is a directory, not a token file$/,
    );
    const other = 'InputError: bad.bin: not a token file of gptorch; make one with: gptorch data prepare';
    for (const content of ['', 'short', 'x'.repeat(200)]) {
      await writeFile(path, content);
      expect(await message()).toBe(other);
    }
    await write('bad.bin', [1, 2, 3, 4], 10);
    const good = await readFile(path);
    await writeFile(path, good.subarray(0, -1));
    expect(await message()).toBe('InputError: bad.bin: damaged: 71 bytes, its header says 72');
    await writeFile(path, Buffer.concat([good, Buffer.alloc(2)]));
    expect(await message()).toBe('InputError: bad.bin: damaged: 74 bytes, its header says 72');
    await writeFile(path, Buffer.concat([good.subarray(0, 8), Buffer.from([2]), good.subarray(9)]));
    expect(await message()).toBe('InputError: bad.bin: version 2; this gptorch reads version 1');
    await writeFile(path, Buffer.concat([good.subarray(0, 12), Buffer.from([3]), good.subarray(13)]));
    expect(await message()).toBe('InputError: bad.bin: 3 bytes an id; allowed: 2, 4');
  });
});
