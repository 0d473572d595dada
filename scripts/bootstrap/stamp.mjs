// Remembers by content, not by time, what a step was last done for.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * A hash over files (folders are walked) and further texts.
 *
 * @param {string} base names count relative to it
 * @param {string[]} paths files or folders under `base`; a missing one counts as missing
 * @param {string[]} [texts] versions, options
 */
export function hashInputs(base, paths, texts = []) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesUnder(join(base, path))) {
      hash.update(`${relative(base, file)}\0`).update(createHash('sha256').update(readFileSync(file)).digest());
    }
  }
  return hash.update(JSON.stringify(texts)).digest('hex');
}

/**
 * True when the step was done for these inputs and what it made is still there, unchanged in size.
 *
 * @param {string} stampFile
 * @param {string} hash
 */
export function isDone(stampFile, hash) {
  try {
    const stamp = JSON.parse(readFileSync(stampFile, 'utf8'));
    return stamp.hash === hash && Object.entries(stamp.outputs).every(([file, size]) => sizeOf(file) === size);
  } catch {
    return false;
  }
}

/**
 * @param {string} stampFile
 * @param {string} hash
 * @param {string[]} outputs full paths of what the step made
 */
export function markDone(stampFile, hash, outputs) {
  mkdirSync(dirname(stampFile), { recursive: true });
  const sizes = Object.fromEntries(outputs.map((file) => [file, sizeOf(file)]));
  writeFileSync(stampFile, `${JSON.stringify({ hash, outputs: sizes })}\n`);
}

/** Every file under a folder, or the file itself, in a fixed order. */
export function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

function sizeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.size ?? -1;
}
