import { expect, it } from 'vitest';
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
