import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { cannotWrite } from './errors.js';
import { processStart } from './process-start.js';

/** How often the owner touches its lock, for other machines, which cannot ask after the process. */
const TOUCH_MS = 20_000;
/** A lock of another machine that was not touched for so long has no owner any more. */
const SILENT_MS = 6 * TOUCH_MS;
/** Between making a lock and writing its owner into it nobody takes longer. */
const EMPTY_MS = 2_000;

/** Whose a lock is. */
export interface LockOwner {
  pid: number;
  /** When the process began, as `processStart` tells it. */
  start: string;
  /** The machine's name. */
  host: string;
  /** When the lock was taken, ISO 8601. */
  since: string;
}

const ownerSchema: z.ZodType<LockOwner> = z.object({
  pid: z.int(),
  start: z.string(),
  host: z.string(),
  since: z.string(),
});

/**
 * A file that says which process has something to itself. A lock whose process is gone, on this machine or silent on
 * another one, is taken over; a later process with the number of the one that is gone is not taken for it.
 */
export class ProcessLock {
  readonly #path: string;
  readonly #content: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
    this.#timer = setInterval(() => touch(path), TOUCH_MS).unref();
    process.once('exit', this.release);
  }

  /**
   * Takes the lock.
   * @param path of a file in a folder that is there
   * @returns the owner where another one has it
   * @throws GptorchError `ERR_WRITE` naming the file and the system's reason
   */
  static async take(path: string): Promise<ProcessLock | LockOwner> {
    const content = `${JSON.stringify(thisProcess())}\n`;
    while (!create(path, content)) {
      const found = read(path);
      if (found === undefined) continue; // released just now
      const owner = parse(found);
      if (owner === undefined ? age(path) < EMPTY_MS : isAlive(owner, path)) {
        if (owner !== undefined) return owner;
        await sleep(50);
      } else {
        removeStale(path, found);
        await sleep(1);
      }
    }
    return new ProcessLock(path, content);
  }

  /** Removes the file, unless another one has taken it over. */
  readonly release = (): void => {
    clearInterval(this.#timer);
    process.off('exit', this.release);
    if (read(this.#path) === this.#content) rmSync(this.#path, { force: true });
  };
}

function thisProcess(): LockOwner {
  const { pid } = process;
  return { pid, start: processStart(pid) ?? '', host: hostname(), since: new Date().toISOString() };
}

function create(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    rmSync(path, { force: true }); // made, but not written: the disk is full
    throw cannotWrite(path, error);
  }
}

function isAlive({ pid, start, host }: LockOwner, path: string): boolean {
  if (host !== hostname()) return age(path) < SILENT_MS;
  const found = processStart(pid);
  return found === '' || found === start;
}

/** One process at a time looks and removes: a late one would remove the new lock of one that was faster. */
function removeStale(path: string, stale: string): void {
  const guard = `${path}.stale`;
  if (!create(guard, '')) {
    if (age(guard) > EMPTY_MS) rmSync(guard, { force: true }); // its process was killed meanwhile
    return;
  }
  try {
    if (read(path) === stale) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(content: string): LockOwner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(content));
  } catch {
    return undefined;
  }
}

/** Milliseconds since it was touched. */
function age(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0; // gone
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The folder is out of reach for now, or was removed.
  }
}
