import { addon } from '../addon/index.js';
import { InputError } from '../errors.js';
import { Tensor } from '../tensor/index.js';
import { encodeSafetensorsHeader, readSafetensorsHeader, type TensorEntry } from './safetensors-header.js';

/** Tensors by name, such as `namedParameters()` gives. */
export type NamedTensors = Iterable<readonly [name: string, tensor: Tensor]>;

/**
 * Writes tensors, as they are when all work queued so far is done, to a safetensors file. The file takes its place only
 * when it is whole and on the disk.
 */
export async function saveSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata?: Record<string, string>,
): Promise<void> {
  const named = [...tensors];
  const header = encodeSafetensorsHeader(named, metadata);
  const handles = addon.tensorList(named.map(([, tensor]) => tensor.handle));
  await settle([addon.functions.writeTensors(path, Buffer.from(header), handles)]);
}

/** How a file's names and the tensors' go together. */
export interface LoadOptions {
  /** Names in the file that may go unread. Default: all may. */
  mayIgnore?: (name: string) => boolean;
  /** The name in the file for a tensor's name. Default: the same. */
  fileName?: (name: string) => string;
}

/**
 * Copies a file's tensors into existing ones. All is checked before the first is read.
 * @returns the file's metadata
 * @throws InputError naming the tensor that is missing, left over or of another shape
 */
export async function loadSafetensors(
  path: string,
  into: NamedTensors,
  { mayIgnore = () => true, fileName = (name) => name }: LoadOptions = {},
): Promise<Record<string, string>> {
  const { tensors, metadata = {} } = await readSafetensorsHeader(path);
  const unread = new Set(tensors.keys());
  const pairs: [Tensor, TensorEntry][] = [];
  for (const [name, tensor] of into) {
    const entry = tensors.get(fileName(name));
    if (!entry) throw new InputError(`${path}: tensor ${fileName(name)} is missing`);
    if (String(entry.shape) !== String(tensor.shape)) {
      throw new InputError(`${path}: tensor ${fileName(name)} is [${entry.shape}], the model's is [${tensor.shape}]`);
    }
    unread.delete(fileName(name));
    pairs.push([tensor, entry]);
  }
  for (const name of unread) {
    if (!mayIgnore(name)) throw new InputError(`${path}: tensor ${name} has no place in the model`);
  }
  await settle(
    pairs.map(([tensor, { offset, dtype }]) => addon.functions.readTensor(tensor.handle, path, offset, dtype)),
  );
  return metadata;
}

/** Waits for calls whose result is a number nobody needs. */
async function settle(handles: ReturnType<typeof addon.functions.readTensor>[]): Promise<void> {
  const results = handles.map((handle) => new Tensor(handle));
  try {
    await Promise.all(results.map((result) => result.item()));
  } finally {
    for (const result of results) result.dispose();
  }
}
