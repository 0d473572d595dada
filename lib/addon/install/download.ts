import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'undici';
import { LoadError } from '../../errors.js';
import type { Wheel } from './find-wheel.js';
import { type Get, reasonOf } from './http.js';

/** A broken connection is tried again; a wrong answer is not. A connection that brings something on begins the count anew. */
const attempts = 3;
const pauseMilliseconds = 200;

export interface DownloadOptions {
  get: Get;
  /** Called with the bytes that are there and the length, where the server tells it. */
  onProgress?: (received: number, total: number | undefined) => void;
  /** Called with the bytes still to come before they do; may reject. */
  onLength?: (missing: number, total: number) => Promise<void>;
}

/**
 * Downloads a wheel to `file`, which is there only when its length and, where one is known, its SHA-256 are right. What an earlier
 * call was broken off at (`file.part`) is gone on with, where the server can and still has the same wheel.
 *
 * @throws LoadError naming the address and the reason.
 */
export async function downloadWheel(wheel: Wheel, file: string, options: DownloadOptions): Promise<void> {
  if (sizeOf(file) > 0) return;
  const part = `${file}.part`;
  let furthest = 0;
  for (let failures = 0; ; ) {
    try {
      await downloadOnce(wheel, part, options);
      break;
    } catch (cause) {
      if (cause instanceof LoadError) throw cause;
      const received = sizeOf(part);
      failures = received > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, received);
      if (failures < attempts) await sleep(pauseMilliseconds * failures);
      else throw new LoadError(`${wheel.url} could not be downloaded (${attempts} attempts): ${reasonOf(cause)}`);
    }
  }
  const digest = wheel.sha256 === undefined ? undefined : await sha256Of(part);
  if (digest !== wheel.sha256) {
    await forget(part);
    throw new LoadError(`${wheel.url}: SHA-256 is ${digest}, but ${wheel.sha256} was expected.`);
  }
  await rename(part, file);
  await forget(part);
}

/** One connection. It goes on where `part` ends, if that is of the same wheel: its hash, or else the server's tag, tells. */
async function downloadOnce(wheel: Wheel, part: string, options: DownloadOptions): Promise<void> {
  const there = sizeOf(part);
  const known = there > 0 ? await readRecord(part) : undefined;
  const mayGoOn = known !== undefined && known.url === wheel.url && known.sha256 === wheel.sha256 && known.tag !== '';
  const response = await options.get(
    wheel.url,
    mayGoOn ? { range: `bytes=${there}-`, 'if-range': known.tag } : undefined,
  );
  const goesOn = response.status === 206 && startOf(response) === there;
  if (response.status === 416 || (response.status === 206 && !goesOn)) {
    await forget(part);
    throw new Error('the server has another length than before');
  }
  if (!response.ok || response.body === null) {
    throw new LoadError(`${wheel.url} answered ${response.status} ${response.statusText}.`);
  }
  const length = Number(response.headers.get('content-length')) || undefined;
  const start = goesOn ? there : 0;
  const total = length === undefined ? undefined : start + length;
  if (length !== undefined && total !== undefined) await options.onLength?.(length, total);
  await writeRecord(part, { url: wheel.url, sha256: wheel.sha256, tag: tagOf(response) });
  let received = start;
  // Not a stream of files: it would drop what has arrived when the connection breaks.
  const output = await open(part, goesOn ? 'a' : 'w');
  try {
    for await (const chunk of response.body) {
      await output.writeFile(chunk);
      received += chunk.length;
      options.onProgress?.(received, total);
    }
  } finally {
    await output.close();
  }
  if (total !== undefined && received !== total) throw new Error(`${received} of ${total} bytes arrived`);
}

/** What a part is a part of. */
interface PartRecord {
  url: string;
  sha256?: string;
  /** What the server calls this content: its ETag or date; without one a part is of no use. */
  tag: string;
}

async function readRecord(part: string): Promise<PartRecord | undefined> {
  try {
    return JSON.parse(await readFile(`${part}.json`, 'utf8')) as PartRecord;
  } catch {
    return undefined;
  }
}

async function writeRecord(part: string, record: PartRecord): Promise<void> {
  await writeFile(`${part}.json`, JSON.stringify(record));
}

async function forget(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
}

/** A weak tag does not promise the same bytes. */
function tagOf({ headers }: Response): string {
  const tag = headers.get('etag') ?? '';
  return tag.startsWith('W/') || tag === '' ? (headers.get('last-modified') ?? '') : tag;
}

/** `content-range: bytes 1000-1999/2000` → 1000 */
function startOf({ headers }: Response): number {
  return Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
