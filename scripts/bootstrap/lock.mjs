import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildFolder } from './paths.mjs';
import { processStart } from './process-start.mjs';
import { write } from './step.mjs';

/**
 * Runs `work` while no other process of this checkout does; waits for that one. A lock whose process is gone is taken over,
 * also where another process has its number by now.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {string} [file]
 * @returns {Promise<T>}
 */
export async function withLock(work, file = join(buildFolder, 'bootstrap.lock')) {
  mkdirSync(dirname(file), { recursive: true });
  for (let told = false; !take(file); await sleep(200)) {
    const owner = read(file);
    if (owner === undefined) continue; // released just now
    const pid = Number.parseInt(owner, 10);
    if (owner !== lockOf(pid)) rmSync(file, { force: true });
    else if (!told) {
      told = true;
      write(`waiting for another bootstrap of this checkout (process ${pid})`);
    }
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** What the lock of a running process says: its number and when it began. */
function lockOf(pid) {
  return `${pid} ${processStart(pid)}`;
}

/** The link appears with its content in one step, so nobody reads a lock without an owner. */
function take(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, lockOf(process.pid));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
