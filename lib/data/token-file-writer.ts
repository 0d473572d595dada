import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeHeader, HEADER_BYTES, outOfRange, type TokenFileInfo, tokenBytes } from './token-file.js';

const BUFFER_BYTES = 1 << 20;

/** Writes a token file piece by piece. It appears under its name when it is whole, or not at all. */
export class TokenFileWriter {
  readonly #handle: FileHandle;
  readonly #info: TokenFileInfo;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #used = 0;

  private constructor(handle: FileHandle, info: TokenFileInfo) {
    this.#handle = handle;
    this.#info = info;
  }

  /**
   * @param vocabSize ids are 16 bits wide up to 65,536.
   * @param tokenizer `tokenizerFingerprint` of what makes the ids.
   */
  static async create(path: string, { vocabSize, tokenizer }: { vocabSize: number; tokenizer: string }) {
    const dtype = vocabSize <= 65_536 ? ('uint16' as const) : ('uint32' as const);
    const handle = await open(temporary(path), 'w');
    await handle.write(Buffer.alloc(HEADER_BYTES));
    return new TokenFileWriter(handle, { path, dtype, offset: HEADER_BYTES, length: 0, vocabSize, tokenizer });
  }

  get length(): number {
    return this.#info.length;
  }

  /** @throws InputError naming file, index and id when an id is out of range. */
  async write(ids: ArrayLike<number>): Promise<void> {
    const info = this.#info;
    const bytes = tokenBytes(info);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] ?? Number.NaN;
      if (!Number.isInteger(id) || id < 0 || id >= info.vocabSize) {
        throw outOfRange(info.path, info.length, id, info.vocabSize);
      }
      if (this.#used === BUFFER_BYTES) await this.#flush();
      this.#used =
        bytes === 2 ? this.#buffer.writeUInt16LE(id, this.#used) : this.#buffer.writeUInt32LE(id, this.#used);
      info.length++;
    }
  }

  /** Completes the file and gives it its name. */
  async close(): Promise<TokenFileInfo> {
    await this.#flush();
    await this.#handle.write(encodeHeader(this.#info), 0, HEADER_BYTES, 0);
    await this.#handle.sync();
    await this.#handle.close();
    await rename(temporary(this.#info.path), this.#info.path);
    const folder = await open(dirname(this.#info.path), 'r');
    await folder.sync().finally(() => folder.close());
    return { ...this.#info };
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(temporary(this.#info.path), { force: true });
  }

  async #flush(): Promise<void> {
    await this.#handle.write(this.#buffer, 0, this.#used);
    this.#used = 0;
  }
}

function temporary(path: string): string {
  return `${path}.${process.pid}.tmp`;
}
