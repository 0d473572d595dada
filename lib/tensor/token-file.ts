import { addon, type TokenFileHandle } from '../addon/index.js';
import { Tensor } from './tensor.js';

/** Where token ids lie in a file: little-endian, side by side. */
export interface TokenFileLayout {
  dtype: 'uint16' | 'uint32';
  /** Bytes before the first id. */
  offset: number;
  /** Number of ids. */
  length: number;
}

/** A file of token ids; batches are cut from it on the engine thread. */
export class TokenFile {
  readonly length: number;
  readonly dtype: TokenFileLayout['dtype'];
  readonly #handle: TokenFileHandle;

  private constructor(path: string, { dtype, offset, length }: TokenFileLayout) {
    this.length = length;
    this.dtype = dtype;
    this.#handle = addon.openTokenFile(path, dtype === 'uint16' ? 2 : 4, offset, length);
  }

  /** @throws ArgumentError when the file is shorter than the layout says. */
  static open(path: string, layout: TokenFileLayout): TokenFile {
    return new TokenFile(path, layout);
  }

  /**
   * Windows of `length` tokens and the tokens one further on, each (B, length) int64.
   * @param firstTarget targets before this position of each window are -100. Default 0: all count.
   */
  windows(offsets: number[], length: number, firstTarget = 0): { inputs: Tensor; targets: Tensor } {
    const [inputs, targets] = addon.functions.tokenWindows(this.#handle, offsets, length, firstTarget);
    return { inputs: new Tensor(inputs), targets: new Tensor(targets) };
  }
}
