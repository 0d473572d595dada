import { createHash, type Hash } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';
import { cannotWrite, DownloadError, GptorchError } from '../errors.js';
import { removeStale, temporaryFor } from '../io/files.js';

/** A broken connection is tried again, from where it broke. */
const ATTEMPTS = 4;

/** A file of a repository: its size and hash, as the hub lists them. */
export interface HubFile {
  path: string;
  size: number;
  /** SHA-256 of large files, git's blob hash (SHA-1) of others. */
  hash: string;
}

interface DownloadOptions {
  /** The contents from a byte on. */
  read: (from: number) => Promise<AsyncIterable<Uint8Array>>;
  signal?: AbortSignal;
  onReceived?: (bytes: number) => void;
}

/**
 * Fetches a file to `path`, which is there only when it is whole, has the hash that the hub gave, and is on the disk.
 * @throws DownloadError naming the file; GptorchError `ERR_WRITE` where it cannot be written; the signal's reason when aborted
 */
export async function download(file: HubFile, path: string, options: DownloadOptions): Promise<void> {
  await removeStale(path);
  const temporary = temporaryFor(path);
  const written = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause) => {
      throw cannotWrite(path, cause);
    });
  const output = await written(open(temporary, 'wx'));
  try {
    const hash = hashFor(file);
    let received = 0;
    for (let attempt = 1; received < file.size || attempt === 1; attempt++) {
      try {
        for await (const chunk of await options.read(received)) {
          await written(output.writeFile(chunk));
          hash.update(chunk);
          received += chunk.length;
          options.onReceived?.(received);
        }
        if (received < file.size) throw new Error(`${received} of ${file.size} bytes arrived`);
      } catch (cause) {
        options.signal?.throwIfAborted();
        // A part of what arrived may have been written: going on from `received` would leave it in the file.
        if (cause instanceof GptorchError) throw cause;
        if (attempt < ATTEMPTS && isPassing(cause)) continue;
        throw new DownloadError(`${file.path}: could not be downloaded: ${reasonOf(cause)}`, { cause });
      }
    }
    const digest = hash.digest('hex');
    if (received !== file.size || digest !== file.hash) {
      throw new DownloadError(
        `${file.path}: ${received} bytes with hash ${digest} arrived, the hub lists ${file.size} with ${file.hash}`,
      );
    }
    await written(output.sync());
    await written(rename(temporary, path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await output.close();
  }
}

function hashFor({ hash, size }: HubFile): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

/** A connection that broke, unlike an answer that refuses. */
function isPassing(cause: unknown): boolean {
  const status = (cause as { statusCode?: number } | null)?.statusCode;
  return status === undefined || status >= 500;
}

/** What a failed fetch says, with what it hides in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
