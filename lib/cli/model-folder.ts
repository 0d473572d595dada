import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import type { DownloadProgress } from '../hub/index.js';
import { isModelName } from '../hub/model-cache.js';

/**
 * The directory that `--model` names, fetched where it is a name of the hub: `organisation/name`, and no directory has it.
 * @throws InputError when there is no such model
 */
export async function modelFolder({ model, quiet }: { model: string; quiet?: boolean | undefined }): Promise<string> {
  const isName = model.includes('/') && isModelName(model);
  if (existsSync(model) || !isName) {
    if (existsSync(join(model, 'config.json'))) return model;
    throw new InputError(`${model}: no model directory, config.json is missing`);
  }
  const { downloadModel } = await import('../hub/index.js');
  const begun = new Set<string>();
  const onProgress = ({ file, total }: DownloadProgress) => {
    if (!quiet && !begun.has(file)) process.stderr.write(`fetching ${file} (${(total / 1e6).toFixed(1)} MB)\n`);
    begun.add(file);
  };
  return downloadModel(model, { onProgress }).catch((error) => {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`there is no directory ${model}; ${error.message}`, { cause: error });
  });
}
