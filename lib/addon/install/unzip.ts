import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { LoadError } from '../../errors.js';
import { ZipFile } from '../../zip.js';

/**
 * Unpacks those entries of a zip file (a wheel is one) that `wanted` accepts into `folder`.
 *
 * @throws LoadError when the file is truncated or damaged, or an entry would land outside `folder`.
 */
export async function unzip(file: string, folder: string, wanted: (name: string) => boolean): Promise<void> {
  const zip = await ZipFile.open(file, LoadError);
  try {
    for (const entry of zip.entries) {
      if (entry.name.endsWith('/') || !wanted(entry.name)) continue;
      const path = normalize(entry.name);
      if (path.startsWith('..') || path.startsWith('/')) {
        throw new LoadError(`${file} is damaged: entry ${entry.name} leads outside.`);
      }
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await zip.unpack(entry, createWriteStream(join(folder, path)));
    }
  } finally {
    await zip.close();
  }
}
