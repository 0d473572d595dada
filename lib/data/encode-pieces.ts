import type { Tokenizer } from './tokenizer.js';

/** Text is encoded in pieces of at least this many UTF-16 units: the event loop is never held up for long. */
const PIECE_LENGTH = 1 << 17;

/**
 * Encodes a long text that comes in chunks; joined, the ids are those of the whole text. A tokenizer that does not say
 * that it `canEncodeInPieces` gets the whole text at once.
 */
export async function* encodePieces(
  tokenizer: Tokenizer,
  chunks: AsyncIterable<string> | Iterable<string>,
  pieceLength = PIECE_LENGTH,
): AsyncGenerator<ArrayLike<number>, void, undefined> {
  let text = '';
  let searched = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += pieceLength) {
      text += chunk.slice(start, start + pieceLength);
      if (tokenizer.canEncodeInPieces !== true || text.length < pieceLength) continue;
      const cut = lastSafeCut(text, searched);
      searched = text.length;
      if (cut === 0) continue;
      yield await encode(tokenizer, text.slice(0, cut));
      text = text.slice(cut);
      searched = text.length;
    }
  }
  if (text !== '') yield await encode(tokenizer, text);
}

async function encode(tokenizer: Tokenizer, text: string): Promise<ArrayLike<number>> {
  if (tokenizer.encodeBulk !== undefined) return await tokenizer.encodeBulk(text);
  await new Promise(setImmediate);
  return tokenizer.encode(text);
}

/**
 * The last place at or after `from` where what is not white space meets a space or a line's end; 0 when there is none.
 * Words and special tokens end there, and what follows begins with its white space, so both sides are cut as the whole.
 */
function lastSafeCut(text: string, from: number): number {
  for (let i = text.length - 1; i >= Math.max(1, from); i--) {
    const character = text[i];
    if ((character === ' ' || character === '\n') && /[^\s\u0085\u180e]/.test(text[i - 1] ?? '')) return i;
  }
  return 0;
}
