import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readText, readTextChunks } from '../../../lib/data/index.js';
import { HARD_TEXTS } from './hard-text.js';
import { messageOf, temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const everything = Object.values(HARD_TEXTS).join('\n');

async function errorFor(name: string, content: Uint8Array | string): Promise<string> {
  const file = await folder.write(name, content);
  return (await messageOf(() => readText(file))).replace(file, name);
}

describe('readText', () => {
  it('gives the text byte for byte, line ends included', async () => {
    expect(await readText(await folder.write('text.txt', everything))).toBe(everything);
    expect(await readText(await folder.write('crlf.txt', 'a\r\nb\r'))).toBe('a\r\nb\r');
  });

  it('removes a byte order mark at the beginning, and there only', async () => {
    expect(await readText(await folder.write('bom.txt', '\ufeffa\ufeffb'))).toBe('a\ufeffb');
  });

  it('reads text in pieces of whole characters, wherever the pieces end', async () => {
    const file = await folder.write('pieces.txt', `\ufeff${everything}`);
    for (const size of [1, 2, 3, 5, 7, 64]) {
      const pieces: string[] = [];
      for await (const piece of readTextChunks(file, size)) pieces.push(piece);
      expect(pieces.join('')).toBe(everything);
      expect(pieces.every((piece) => !/\p{Cs}/u.test(piece))).toBe(true);
    }
  });

  it('names a file that is missing, a directory or empty', async () => {
    const missing = folder.path('none.txt');
    expect(await messageOf(() => readText(missing))).toBe(`InputError: ${missing}: not found`);
    await mkdir(folder.path('dir'));
    expect(await messageOf(() => readText(folder.path('dir')))).toBe(
      `InputError: ${folder.path('dir')}: is a directory, not a text file`,
    );
    const file = await folder.write('file', 'a');
    expect(await messageOf(() => readText(`${file}/b.txt`))).toBe(
      `InputError: ${file}/b.txt: not found: a part of its path is a file, not a directory`,
    );
    expect(await errorFor('empty.txt', '')).toBe('InputError: empty.txt: is empty');
    expect(await errorFor('only-bom.txt', '\ufeff')).toBe('InputError: only-bom.txt: is empty');
  });

  it.each([
    ['Latin-1', Buffer.from('one\ncaf\xe9 two', 'latin1'), 'InputError: x:2: not UTF-8: byte 0xE9 at offset 7'],
    ['UTF-16', Buffer.from('\ufeffab', 'utf16le'), 'InputError: x:1: not UTF-8: byte 0xFF at offset 0'],
    [
      'a character cut off at the end',
      Buffer.from([0x61, 0xe4, 0xbd]),
      'InputError: x:1: not UTF-8: byte 0xE4 at offset 1',
    ],
    ['an overlong form', Buffer.from([0x0a, 0xc0, 0x80]), 'InputError: x:2: not UTF-8: byte 0xC0 at offset 1'],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80]), 'InputError: x:1: not UTF-8: byte 0xED at offset 0'],
    ['a continuation byte alone', Buffer.from([0x61, 0x80]), 'InputError: x:1: not UTF-8: byte 0x80 at offset 1'],
    ['beyond Unicode', Buffer.from([0xf4, 0x90, 0x80, 0x80]), 'InputError: x:1: not UTF-8: byte 0xF4 at offset 0'],
    [
      'after a written out U+FFFD',
      Buffer.concat([Buffer.from('\ufffd你\n'), Buffer.from([0xff])]),
      'InputError: x:2: not UTF-8: byte 0xFF at offset 7',
    ],
  ])('names line and offset of the first bad byte: %s', async (_, bytes, says) => {
    expect(await errorFor('x', bytes)).toBe(says);
  });

  it('counts lines and bytes over all pieces', async () => {
    const good = Buffer.from('\ufeff你好\n'.repeat(1000));
    const file = await folder.write('long.txt', Buffer.concat([good, Buffer.from([0x61, 0xff])]));
    const drain = async () => {
      for await (const _ of readTextChunks(file, 10));
    };
    expect(await messageOf(drain)).toBe(`InputError: ${file}:1001: not UTF-8: byte 0xFF at offset ${good.length + 1}`);
  });
});
