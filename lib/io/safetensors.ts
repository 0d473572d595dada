import { addon } from '../addon/index.js';
import { InputError } from '../errors.js';
import { type DType, Tensor } from '../tensor/index.js';
import { TENSOR_CHECKSUMS_AT } from './checksums.js';
import { removeStale, temporaryFor } from './files.js';
import type { SafetensorsFile } from './safetensors-file.js';
import { encodeSafetensorsHeader, type TensorEntry } from './safetensors-header.js';
import { openTensorFiles, type TensorFiles, type TensorPlace } from './tensor-files.js';

/** Tensors by name, such as `namedParameters()` gives. */
export type NamedTensors = Iterable<readonly [name: string, tensor: Tensor]>;

/**
 * Writes tensors, as they are when all work queued so far is done, to a safetensors file with checksums. The file takes
 * its place only when it is whole and on the disk.
 */
export async function saveSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata?: Record<string, string>,
): Promise<void> {
  const named = [...tensors];
  const header = encodeSafetensorsHeader(named, metadata);
  const handles = addon.tensorList(named.map(([, tensor]) => tensor.handle));
  const place = [path, temporaryFor(path), header, 8 + TENSOR_CHECKSUMS_AT] as const;
  // Queued before anything is awaited: what the caller queues next comes after.
  await Promise.all([finished(addon.functions.writeTensors(...place, handles)), removeStale(path)]);
}

/** How a file's names and the tensors' go together. */
export interface LoadOptions {
  /** Names in the file that may go unread. Default: all may. */
  mayIgnore?: (name: string) => boolean;
}

/**
 * Copies the tensors of a file, or of the shards of an index (`*.safetensors.index.json`), into existing ones. All but
 * the checksums is checked before the first is read: those are verified while copying, and what a damaged file was
 * copied into fails to be used until it is filled anew.
 * @returns the file's metadata
 * @throws InputError naming the tensor that is missing, left over, damaged, or of another shape or kind
 */
export async function loadSafetensors(
  path: string,
  into: NamedTensors,
  options: LoadOptions = {},
): Promise<Record<string, string>> {
  const files = await openTensorFiles(path);
  try {
    await copyTensors(files, into, options);
    return files.metadata;
  } finally {
    await files.close();
  }
}

/** What is wanted of files: a tensor, or what it will be. */
export interface Described {
  shape: readonly number[];
  dtype: DType;
}

/**
 * Checks that files have what is wanted, and nothing else but what may be ignored.
 * @throws InputError naming the first tensor that is missing, left over, or of another shape or kind
 */
export function checkTensors(
  files: TensorFiles,
  wanted: Iterable<readonly [name: string, described: Described]>,
  { mayIgnore = () => true }: LoadOptions = {},
): void {
  const unread = new Set(files.tensors.keys());
  for (const [name, described] of wanted) {
    findTensor(files, name, described);
    unread.delete(name);
  }
  for (const name of unread) {
    const place = files.tensors.get(name)?.file.path ?? files.path;
    if (!mayIgnore(name)) throw new InputError(`${place}: tensor ${name} has no place in the model`);
  }
}

/** What `loadSafetensors` does, from files that are open. */
export async function copyTensors(files: TensorFiles, into: NamedTensors, options?: LoadOptions): Promise<void> {
  const named = [...into];
  checkTensors(files, named, options);
  const wanted = named.map(([name, tensor]) => ({ name, tensor, ...findTensor(files, name, tensor) }));
  const byFile = new Map<SafetensorsFile, Wanted[]>();
  for (const each of wanted) byFile.set(each.file, [...(byFile.get(each.file) ?? []), each]);
  await Promise.all([...byFile].map(([file, tensors]) => finished(readTensors(file, tensors))));
}

interface Wanted {
  name: string;
  tensor: Tensor;
  entry: TensorEntry;
}

/** One call a file, in file order. */
function readTensors({ path, handle }: SafetensorsFile, tensors: Wanted[]) {
  const sorted = tensors.toSorted((a, b) => a.entry.offset - b.entry.offset);
  const checksums = sorted.flatMap(({ entry }) => entry.checksum ?? []);
  return addon.functions.readTensors(
    handle.fd,
    path,
    addon.tensorList(sorted.map(({ tensor }) => tensor.handle)),
    sorted.map(({ name }) => name),
    sorted.map(({ entry }) => entry.offset),
    sorted.map(({ entry }) => entry.dtype),
    checksums.length > 0 ? checksums : null,
  );
}

/** Finds what fits. @throws InputError */
function findTensor(files: TensorFiles, name: string, { shape, dtype }: Described): TensorPlace {
  const found = files.tensors.get(name);
  if (!found) throw new InputError(`${files.path}: tensor ${name} is missing`);
  const { entry, file } = found;
  if (String(entry.shape) !== String(shape)) {
    throw new InputError(`${file.path}: tensor ${name} is [${entry.shape}], the model's is [${shape}]`);
  }
  if (entry.dtype !== dtype && !(isFloating(entry.dtype) && isFloating(dtype))) {
    throw new InputError(`${file.path}: tensor ${name} is ${entry.dtype}, the model's is ${dtype}`);
  }
  return found;
}

function isFloating(dtype: DType): boolean {
  return ['float64', 'float32', 'float16', 'bfloat16'].includes(dtype);
}

/** Waits for a call whose result is a number nobody needs. */
async function finished(handle: ReturnType<typeof addon.functions.readTensors>): Promise<void> {
  const result = new Tensor(handle);
  try {
    await result.item();
  } finally {
    result.dispose();
  }
}
