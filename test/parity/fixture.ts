import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where `npm run reference -- --update` writes. */
const ROOT = new URL('../fixtures/parity/', import.meta.url);

export type Shape = readonly number[];

/** A tensor as the reference wrote it, read without any of gptorch's code. */
export interface Stored {
  readonly shape: Shape;
  readonly data: Float32Array | BigInt64Array;
}

export interface Fixture<Config = Readonly<Record<string, unknown>>> {
  readonly name: string;
  /** The manifest: `config`, `reference`, and what else the kind of fixture has. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** What the reference was built with, in gptorch's terms. */
  readonly config: Config;
  /** The tensors of a kind: `inputs`, `parameters`, `outputs`, `probes`, `gradients`, `inputGradients` … */
  of(kind: string): Map<string, Stored>;
  /** One tensor by kind and name; throws where there is none, so that a misspelt name cannot pass. */
  get(kind: string, name: string): Stored;
}

/** Names of the fixtures in a folder that match; throws where there are none. */
export function fixtureNames(folder: string, pattern = /^/): string[] {
  const names = readdirSync(new URL(`${folder}/`, ROOT))
    .filter((file) => file.endsWith('.json') && pattern.test(file))
    .map((file) => `${folder}/${file.slice(0, -'.json'.length)}`)
    .sort();
  if (names.length === 0) throw new Error(`no fixture ${folder}/${pattern}; run: npm run reference -- --update`);
  return names;
}

/** `Config` is what the caller knows the case to be built with; it is not checked. */
export function loadFixture<Config = Readonly<Record<string, unknown>>>(name: string): Fixture<Config> {
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(new URL(`${name}.json`, ROOT), 'utf8'));
  const tensors = readTensors(new URL(`${name}.safetensors`, ROOT));
  return {
    name,
    manifest,
    config: record(manifest.config ?? {}, `${name}: config`) as Config,
    of: (kind) => withPrefix(tensors, `${kind}/`),
    get: (kind, key) => {
      const found = tensors.get(`${kind}/${key}`);
      if (!found) throw new Error(`${name} has no ${kind}/${key}; it has ${[...tensors.keys()].join(', ')}`);
      return found;
    },
  };
}

/** Full path of a tiny model's directory. */
export function modelDirectory(model: string): string {
  return fileURLToPath(new URL(`models/${model}`, ROOT));
}

export function readTensors(file: URL | string): Map<string, Stored> {
  const bytes = readFileSync(file);
  const begin = 8 + Number(bytes.readBigUInt64LE(0));
  const header = record(JSON.parse(bytes.toString('utf8', 8, begin)), String(file));
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  return new Map(names.map((name) => [name, readTensor(bytes, begin, header[name], name)]));
}

function readTensor(bytes: Buffer, begin: number, entry: unknown, name: string): Stored {
  const { dtype, shape, data_offsets } = entry as { dtype: string; shape: number[]; data_offsets: [number, number] };
  // A copy, because the bytes may not be aligned.
  const data = Uint8Array.from(bytes.subarray(begin + data_offsets[0], begin + data_offsets[1])).buffer;
  if (dtype === 'F32') return { shape, data: new Float32Array(data) };
  if (dtype === 'I64') return { shape, data: new BigInt64Array(data) };
  throw new Error(`${name}: fixtures hold F32 and I64, not ${dtype}`);
}

function withPrefix(tensors: Map<string, Stored>, prefix: string): Map<string, Stored> {
  const found = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${what} is not an object`);
  return value as Record<string, unknown>;
}
