import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DownloadError, InputError } from '../errors.js';
import type { DownloadProgress } from '../hub/index.js';
import { isModelName } from '../hub/model-cache.js';
import { nearestName } from '../validate.js';

/**
 * The directory that `--model` names, fetched where it is a name of the hub: `organisation/name`, and neither a directory has
 * it nor can it be meant for one.
 * @throws InputError when there is no such model
 * @throws DownloadError when the hub cannot be asked
 */
export async function modelFolder({ model, quiet }: { model: string; quiet?: boolean | undefined }): Promise<string> {
  if (isDirectory(model)) {
    if (existsSync(join(model, 'config.json'))) return model;
    throw new InputError(`${model}: no model directory, config.json is missing`);
  }
  if (isPath(model)) throw new InputError(`${model}: no model directory: ${reasonOf(model)}`);
  const { downloadModel } = await import('../hub/index.js');
  const begun = new Set<string>();
  const onProgress = ({ file, total }: DownloadProgress) => {
    if (!quiet && !begun.has(file)) process.stderr.write(`fetching ${file} (${(total / 1e6).toFixed(1)} MB)\n`);
    begun.add(file);
  };
  return downloadModel(model, { onProgress }).catch((error) => {
    const message = `there is no directory ${model}; ${error.message}`;
    if (error instanceof InputError) throw new InputError(message, { cause: error });
    if (error instanceof DownloadError) throw new DownloadError(message, { cause: error });
    throw error;
  });
}

/** Whether only a directory can be meant: no name of the hub looks so, or what stands before the slash is a folder here. */
function isPath(model: string): boolean {
  return !model.includes('/') || !isModelName(model) || isDirectory(dirname(model));
}

function reasonOf(model: string): string {
  if (existsSync(model)) return 'it is a file';
  const folder = dirname(model);
  if (!isDirectory(folder)) return 'there is no such directory';
  const nearest = nearestName(basename(model), readdirSync(folder).filter((name) => isDirectory(join(folder, name)))); // biome-ignore format: short
  return `there is no such directory${nearest === undefined ? '' : `, did you mean ${join(folder, nearest)}?`}`;
}

function isDirectory(path: string): boolean {
  return path !== '' && existsSync(`${path}/.`);
}
