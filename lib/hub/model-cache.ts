import { readFile, rename, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { InputError } from '../errors.js';
import { temporaryFor, writeFileAtomic } from '../io/files.js';
import { ensureWritableFolder } from '../io/writable-folder.js';

const COMMIT = /^[0-9a-f]{40}$/;

/**
 * One model's part of the cache, as Hugging Face's own programs lay it out: `blobs` by hash, `snapshots/COMMIT` with
 * links to them, and the commit of each branch or tag in `refs`.
 */
export class ModelCache {
  readonly folder: string;

  /** @throws InputError for a name that is none of a model */
  constructor(cacheDir: string, name: string) {
    if (!isModelName(name)) {
      throw new InputError(`${JSON.stringify(name)} is no model's name; it looks like openai-community/gpt2`);
    }
    this.folder = join(cacheDir, `models--${name.replace('/', '--')}`);
  }

  snapshot(commit: string): string {
    if (!COMMIT.test(commit)) throw new InputError(`${JSON.stringify(commit)} is no commit`);
    return join(this.folder, 'snapshots', commit);
  }

  /** The commit of a branch or tag when it was last asked for; a commit is its own. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (COMMIT.test(revision)) return revision;
    const text = await readFile(this.#ref(revision), 'utf8').catch(() => undefined);
    return text !== undefined && COMMIT.test(text.trim()) ? text.trim() : undefined;
  }

  async remember(revision: string, commit: string): Promise<void> {
    if (revision === commit) return;
    const path = this.#ref(revision);
    await ensureWritableFolder(dirname(path));
    await writeFileAtomic(path, commit);
  }

  /** Where the contents with a hash are kept. */
  async blob(hash: string): Promise<string> {
    const folder = join(this.folder, 'blobs');
    await ensureWritableFolder(folder);
    return join(folder, hash);
  }

  /** Puts a blob into a snapshot. */
  async link(commit: string, file: string, blob: string): Promise<void> {
    const path = join(this.snapshot(commit), file);
    await ensureWritableFolder(dirname(path));
    const temporary = temporaryFor(path);
    await symlink(relative(dirname(path), blob), temporary);
    await rename(temporary, path);
  }

  #ref(revision: string): string {
    if (!/^[\w.-]+(\/[\w.-]+)*$/.test(revision) || revision.includes('..')) {
      throw new InputError(`${JSON.stringify(revision)} is no branch, tag or commit`);
    }
    return join(this.folder, 'refs', ...revision.split('/'));
  }
}

/** `organisation/name`, or the name alone of the oldest models. */
export function isModelName(name: string): boolean {
  return name.length <= 96 && /^\w[\w.-]*(\/\w[\w.-]*)?$/.test(name) && !/--|\.\.|[-.](\/|$)/.test(name);
}

/** The file is there, whole: links to blobs that are gone do not count. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
