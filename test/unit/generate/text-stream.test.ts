import { expect, it } from 'vitest';
import { Random } from '../../../lib/data/random.js';
import { TextStream } from '../../../lib/generate/text-stream.js';

/** A byte-level vocabulary: token n is byte n. */
const decodeBytes = (tokens: number[]) => new TextDecoder().decode(Uint8Array.from(tokens));

it('tells each character once, when its last byte has come', () => {
  const stream = new TextStream(decodeBytes);
  const pieces = [...new TextEncoder().encode('a你😀b')].map((byte) => stream.push(byte));
  expect(pieces).toEqual(['a', '', '', '你', '', '', '', '😀', 'b']);
  expect(stream.end()).toBe('');
});

it('tells at the end what never became a character', () => {
  const stream = new TextStream(decodeBytes);
  expect(stream.push(0x61)).toBe('a');
  expect(stream.push(0xe4)).toBe('');
  expect(stream.end()).toBe('\ufffd');
});

it('tells the whole of any bytes, and decodes few tokens at a time', () => {
  const random = new Random(3);
  const bytes = Array.from(
    { length: 3000 },
    () => [0x61, 0xe4, 0xbd, 0xa0, 0xf0, 0x9f, 0x98, 0x80][random.nextInt(8)] ?? 0,
  );
  let longest = 0;
  const stream = new TextStream((tokens) => {
    longest = Math.max(longest, tokens.length);
    return decodeBytes(tokens);
  });
  const pieces = bytes.map((byte) => stream.push(byte));
  expect(pieces.join('') + stream.end()).toBe(decodeBytes(bytes));
  expect(longest).toBeLessThan(100);
});

it('tells in time what becomes no character, and decodes few tokens at a time then too', () => {
  let longest = 0;
  const stream = new TextStream((tokens) => {
    longest = Math.max(longest, tokens.length);
    return decodeBytes(tokens);
  });
  const bytes = [...Array(2000).fill(0xe4), ...new TextEncoder().encode('你b')];
  const pieces = bytes.map((byte) => stream.push(byte));
  expect(pieces.slice(0, 1000).join('').length).toBeGreaterThan(990);
  expect(pieces.slice(-2)).toEqual(['\ufffd\ufffd你', 'b']);
  expect(pieces.join('') + stream.end()).toBe(decodeBytes(bytes));
  expect(longest).toBeLessThan(30);
});

it('tells the characters of tokens that all end within another one', () => {
  const text = '你好吗我很好'.repeat(20);
  const bytes = [...new TextEncoder().encode(text)];
  // Token n is three bytes, from the second one of a character on.
  const parts = [bytes.slice(0, 1), ...Array.from({ length: 120 }, (_, i) => bytes.slice(1 + 3 * i, 4 + 3 * i))];
  const stream = new TextStream((tokens) => decodeBytes(tokens.flatMap((token) => parts[token] ?? [])));
  const pieces = parts.map((_, token) => stream.push(token));
  expect(pieces.slice(0, 60).join('').length).toBeGreaterThan(50);
  expect(pieces.join('') + stream.end()).toBe(text);
});

it('tells the space before a word where a text has none at its beginning', () => {
  const stream = new TextStream((tokens) => tokens.map((token) => ` w${token}`).join('').trimStart()); // biome-ignore format: one line
  const pieces = Array.from({ length: 40 }, (_, token) => stream.push(token));
  expect(pieces.join('')).toBe(pieces.map((_, token) => `w${token}`).join(' '));
});
