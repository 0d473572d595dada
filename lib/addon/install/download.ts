import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { LoadError } from '../../errors.js';
import { reasonOf, type Wheel } from './find-wheel.js';

/** A refused or broken connection is tried again; a wrong answer is not. */
const attempts = 3;

/**
 * Downloads a wheel to `file` and checks its length and, where one is known, its SHA-256.
 *
 * @param onProgress called with the bytes received and the length, where the server tells it.
 * @throws LoadError naming the address and the reason; what is left at `file` is then of no use.
 */
export async function downloadWheel(
  wheel: Wheel,
  file: string,
  onProgress: (received: number, total: number | undefined) => void = () => {},
): Promise<void> {
  let reason = '';
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const digest = await downloadOnce(wheel.url, file, onProgress);
      if (wheel.sha256 !== undefined && digest !== wheel.sha256) {
        throw new LoadError(`${wheel.url}: SHA-256 is ${digest}, but ${wheel.sha256} was expected.`);
      }
      return;
    } catch (cause) {
      if (cause instanceof LoadError) throw cause;
      reason = reasonOf(cause);
    }
  }
  throw new LoadError(`${wheel.url} could not be downloaded (${attempts} attempts): ${reason}`);
}

/** Returns the SHA-256 of what was written. */
async function downloadOnce(
  url: string,
  file: string,
  onProgress: (received: number, total: number | undefined) => void,
): Promise<string> {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new LoadError(`${url} answered ${response.status} ${response.statusText}.`);
  const total = Number(response.headers.get('content-length')) || undefined;
  const hash = createHash('sha256');
  let received = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      received += chunk.length;
      onProgress(received, total);
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body as ReadableStream<Uint8Array>), meter, createWriteStream(file));
  if (total !== undefined && received !== total) throw new Error(`${received} of ${total} bytes arrived`);
  return hash.digest('hex');
}
