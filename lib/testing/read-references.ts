import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { InputError } from '../errors.js';
import { readSafetensorsHeader } from '../io/safetensors-file.js';
import type { DType } from '../tensor/index.js';
import { unknownName } from '../validate.js';
import { ZipFile } from '../zip.js';
import { decode, type Encoding } from './decode.js';
import { parseNpy } from './npy.js';
import type { Reference } from './reference.js';

/** The tensors of a file by name. */
export class References {
  readonly #found: ReadonlyMap<string, Reference>;
  readonly #path: string;

  /** @internal */
  constructor(path: string, found: ReadonlyMap<string, Reference>) {
    this.#path = path;
    this.#found = found;
  }

  /** In the order of the file. */
  get names(): string[] {
    return [...this.#found.keys()];
  }

  /** @throws InputError for a name that the file lacks, so that a misspelt one cannot pass */
  get(name: string): Reference {
    const found = this.#found.get(name);
    if (!found) throw new InputError(`${this.#path}: ${unknownName('tensor', name, this.names)}`);
    return found;
  }
}

/**
 * Reads the one tensor of a `.npy` file as `numpy.save` writes it.
 * @throws InputError naming the file and what is wrong with it
 */
export async function readReference(path: string): Promise<Reference> {
  const extension = extname(path);
  if (extension !== '.npy') {
    const hint = isArchive(extension) ? '; readReferences opens it' : '';
    throw new InputError(`${path}: not a .npy file${hint}`);
  }
  return parseNpy(await bytesOfFile(path), path);
}

/**
 * Reads every tensor of a `.safetensors` or `.npz` file, as `safetensors.torch.save_file`, `numpy.savez` and
 * `numpy.savez_compressed` write them.
 * @throws InputError naming the file, the tensor, and what is wrong with it
 */
export async function readReferences(path: string): Promise<References> {
  const extension = extname(path);
  if (extension === '.safetensors') return new References(path, await readSafetensors(path));
  if (extension === '.npz') return new References(path, await readNpz(path));
  const hint = extension === '.npy' ? '; readReference opens it' : '';
  throw new InputError(`${path}: neither a .safetensors nor a .npz file${hint}`);
}

function isArchive(extension: string): boolean {
  return extension === '.npz' || extension === '.safetensors';
}

const encodingOf: Record<DType, Encoding> = {
  ...{ float64: 'f8', float32: 'f4', float16: 'f2', bfloat16: 'bf2' },
  ...{ int64: 'i8', int32: 'i4', int8: 'i1', uint8: 'u1', bool: 'b1' },
};

async function readSafetensors(path: string): Promise<Map<string, Reference>> {
  const { tensors } = await readSafetensorsHeader(path);
  const file = await bytesOfFile(path);
  const found = new Map<string, Reference>();
  for (const [name, { dtype, shape, offset, bytes }] of tensors) {
    const { data } = decode(file.subarray(offset, offset + bytes), encodingOf[dtype]);
    found.set(name, { name: `${path}: ${name}`, dtype, shape, data });
  }
  return found;
}

async function readNpz(path: string): Promise<Map<string, Reference>> {
  const zip = await ZipFile.open(path).catch(unreadable(path));
  try {
    const found = new Map<string, Reference>();
    for (const entry of zip.entries) {
      const name = entry.name.replace(/\.npy$/, '');
      found.set(name, parseNpy(await zip.read(entry), `${path}: ${name}`));
    }
    return found;
  } finally {
    await zip.close();
  }
}

function bytesOfFile(path: string): Promise<Buffer> {
  return readFile(path).catch(unreadable(path));
}

/** Node's errors of files in the words of this library; its own pass. */
function unreadable(path: string): (cause: Error & { code?: string }) => never {
  return (cause) => {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`${path}: cannot be read (${cause.code ?? cause.message})`, { cause });
  };
}
