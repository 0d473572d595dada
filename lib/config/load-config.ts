import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.js';
import { readJsonFile } from '../io/json-file.js';
import { nearestName } from '../validate.js';
import { applyOverrides, isObject } from './overrides.js';
import { parseRunConfig, type RunConfig } from './run-config.js';

/** `models/` at the package's root: as far from `dist/config` as from `lib/config`. */
export const presetFolder = fileURLToPath(new URL('../../models/', import.meta.url));

/** The names that `--config` takes besides files. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(presetFolder);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

/**
 * Reads a preset (`gpt2`) or a file (`run.json`, `./gpt2`), applies the overrides and checks the result.
 * @throws InputError when there is no such preset or file, it is not JSON, has a key twice, or a field is wrong.
 */
export async function loadRunConfig(nameOrFile: string, overrides: readonly string[] = []): Promise<RunConfig> {
  const raw = await readRaw(nameOrFile);
  return parseRunConfig(applyOverrides(raw, overrides), `configuration ${nameOrFile}`);
}

async function readRaw(nameOrFile: string): Promise<Record<string, unknown>> {
  const isFile = /[\\/]|\.json$/.test(nameOrFile);
  const name = `configuration ${nameOrFile}`;
  const value = await readJsonFile(isFile ? nameOrFile : await presetFile(nameOrFile), { name });
  if (!isObject(value)) throw new InputError(`${name}: expected an object {model, tokenizer, data, train}`);
  return value;
}

async function presetFile(name: string): Promise<string> {
  const names = await presetNames();
  if (names.includes(name)) return `${presetFolder}${name}.json`;
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? '' : `, did you mean ${JSON.stringify(nearest)}?`;
  throw new InputError(
    `unknown configuration ${JSON.stringify(name)}${hint} (presets: ${names.join(', ')}; or a .json file)`,
  );
}
