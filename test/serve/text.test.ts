import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/data/index.js';
import { ChoiceText } from '../../lib/serve/choice-text.js';
import { StopStrings } from '../../lib/serve/stop-strings.js';

describe('StopStrings', () => {
  const run = (stops: string[], pieces: string[]) => {
    const filter = new StopStrings(stops);
    const told = pieces.map((piece) => filter.push(piece));
    return { told, end: filter.end(), stopped: filter.stopped };
  };

  it('holds back what may be the beginning of a stop string, and no more', () => {
    expect(run(['END'], ['a E', 'N', 'x', 'EN', 'D b'])).toEqual({
      told: ['a ', '', 'ENx', '', ''],
      end: '',
      stopped: true,
    });
  });

  it('gives what it held back where the text ends', () => {
    expect(run(['END'], ['aEN'])).toEqual({ told: ['a'], end: 'EN', stopped: false });
  });

  it('ends before the first of several, also where one begins in another', () => {
    expect(run(['bcd', 'c'], ['ab', 'cd'])).toEqual({ told: ['a', ''], end: '', stopped: true });
    expect(run(['aab'], ['a', 'a', 'a', 'b'])).toEqual({ told: ['', '', 'a', ''], end: '', stopped: true });
  });

  it('tells the same wherever the text is cut', () => {
    const random = new Random(7);
    for (let round = 0; round < 500; round++) {
      const text = Array.from({ length: 12 }, () => 'ab'[random.nextInt(2)]).join('');
      const stops = ['bbab', 'aaa', 'ba'].slice(0, 1 + random.nextInt(3));
      const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
      const wanted = places.length > 0 ? text.slice(0, Math.min(...places)) : text;
      const pieces: string[] = [];
      for (let start = 0; start < text.length; ) {
        const length = 1 + random.nextInt(4);
        pieces.push(text.slice(start, start + length));
        start += length;
      }
      // A stop string that begins earlier may be complete later: then the one that was complete first has ended the text.
      const { told, end, stopped } = run(stops, [...text]);
      const inPieces = run(stops, pieces);
      expect(stopped).toBe(places.length > 0);
      expect(inPieces.stopped).toBe(stopped);
      for (const stop of stops) expect(told.join('') + end).not.toContain(stop);
      if (stops.length === 1) {
        expect(told.join('') + end).toBe(wanted);
        expect(inPieces.told.join('') + inPieces.end).toBe(wanted);
      }
    }
  });
});

describe('ChoiceText', () => {
  /** Token n is byte n. */
  const decode = (tokens: number[]) => new TextDecoder().decode(Uint8Array.from(tokens));
  const bytes = (text: string) => [...new TextEncoder().encode(text)];

  it('tells whole characters, and each token once, with its place', () => {
    const choice = new ChoiceText(decode, []);
    const news = bytes('a你b').map((byte) => choice.push(byte));
    expect(news.map(({ text }) => text)).toEqual(['a', '', '', '你', 'b']);
    const tokens = [...news.flatMap(({ tokens }) => tokens), ...choice.end().tokens];
    expect(tokens.map(({ token, offset }) => [token, offset])).toEqual([
      [97, 0],
      [0xe4, 1],
      [0xbd, 1],
      [0xa0, 1],
      [98, 2],
    ]);
  });

  it('gives no token of a stop string', () => {
    const choice = new ChoiceText(decode, ['END']);
    const news = bytes('abEND').map((byte) => choice.push(byte));
    expect(choice.stopped).toBe(true);
    expect(news.map(({ text }) => text).join('')).toBe('ab');
    expect(news.flatMap(({ tokens }) => tokens).map(({ token }) => token)).toEqual(bytes('ab'));
    expect(choice.tokenCount).toBe(5);
    expect(choice.push(97)).toEqual({ text: '', tokens: [] });
  });

  it('gives what was held back at the end, with its tokens', () => {
    const choice = new ChoiceText(decode, ['END']);
    bytes('aEN').map((byte) => choice.push(byte));
    const { text, tokens } = choice.end();
    expect(text).toBe('EN');
    expect(tokens.map(({ token }) => token)).toEqual(bytes('EN'));
  });
});
