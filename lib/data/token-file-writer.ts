import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cannotWrite } from '../errors.js';
import { removeStale, syncFolder, temporaryFor } from '../io/files.js';
import { encodeHeader, HEADER_BYTES, outOfRange, type TokenFileInfo, tokenBytes } from './token-file.js';

const BUFFER_BYTES = 1 << 20;

/** Writes a token file piece by piece. It appears under its name when it is whole, or not at all. */
export class TokenFileWriter {
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #info: TokenFileInfo;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  /** Bytes of the buffer that wait to be written; the file begins with room for its header. */
  #used = HEADER_BYTES;

  private constructor(temporary: string, handle: FileHandle, info: TokenFileInfo) {
    this.#temporary = temporary;
    this.#handle = handle;
    this.#info = info;
  }

  /**
   * @param vocabSize ids are 16 bits wide up to 65,536.
   * @param tokenizer `tokenizerFingerprint` of what makes the ids.
   * @throws GptorchError `ERR_WRITE`, as all that writes here, naming the file and the system's reason
   */
  static async create(path: string, { vocabSize, tokenizer }: { vocabSize: number; tokenizer: string }) {
    const dtype = vocabSize <= 65_536 ? ('uint16' as const) : ('uint32' as const);
    await removeStale(path);
    const temporary = temporaryFor(path);
    const handle = await open(temporary, 'wx').catch((cause) => {
      throw cannotWrite(path, cause);
    });
    const info = { path, dtype, offset: HEADER_BYTES, length: 0, vocabSize, tokenizer };
    return new TokenFileWriter(temporary, handle, info);
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
    const { path } = this.#info;
    try {
      await this.#handle.write(encodeHeader(this.#info), 0, HEADER_BYTES, 0);
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#temporary, path);
      await syncFolder(dirname(path));
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
    return { ...this.#info };
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#temporary, { force: true });
  }

  async #flush(): Promise<void> {
    try {
      // Unlike `write`, which may write a part of it and call that success, as where the disk becomes full.
      await this.#handle.writeFile(this.#buffer.subarray(0, this.#used));
    } catch (cause) {
      throw cannotWrite(this.#info.path, cause);
    }
    this.#used = 0;
  }
}
