import { InputError } from '../errors.js';
import { bytesOf, decode, ENCODINGS, isEncoding } from './decode.js';
import { type Reference, sizeOf } from './reference.js';

/** Every `.npy` file begins with this, then two bytes of version. */
const MAGIC = Buffer.from('\x93NUMPY', 'latin1');

/**
 * Reads NumPy's format (NEP 1), versions 1 to 3.
 *
 * @param name of the reference, and the beginning of each message
 * @throws InputError when it is not such a file, is cut short, or holds complex numbers, text, records or objects
 */
export function parseNpy(bytes: Buffer, name: string): Reference {
  const { text, begin } = headerOf(bytes, name);
  const descr = field(text, 'descr', /'([^']*)'/, name);
  const fortran = field(text, 'fortran_order', /(True|False)/, name) === 'True';
  const shape = shapeOf(field(text, 'shape', /\(([\d, ]*)\)/, name));

  const [order, encoding] = [descr.charAt(0), descr.slice(1)];
  if (!'<>|='.includes(order) || !isEncoding(encoding)) {
    throw new InputError(`${name}: dtype ${JSON.stringify(descr)}; read are ${ENCODINGS.join(', ')}`);
  }
  const wanted = sizeOf(shape) * bytesOf(encoding);
  const values = bytes.subarray(begin);
  if (values.length !== wanted) {
    throw new InputError(`${name}: [${shape}] of ${encoding} takes ${wanted} bytes, the file has ${values.length}`);
  }
  try {
    const { dtype, data } = decode(values, encoding, order !== '>');
    return { name, dtype, shape, data: fortran ? rowMajor(data, shape) : data };
  } catch (cause) {
    throw new InputError(`${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The header is a Python dictionary in text; its length takes two bytes in version 1 and four after it. */
function headerOf(bytes: Buffer, name: string): { text: string; begin: number } {
  if (bytes.length < 10 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new InputError(`${name}: not a .npy file`);
  }
  const version = bytes.readUInt8(6);
  if (version < 1 || version > 3) throw new InputError(`${name}: version ${version} of .npy; read are 1, 2 and 3`);
  const at = version === 1 ? 10 : 12;
  if (bytes.length < at) throw new InputError(`${name}: cut short in its header`);
  const begin = at + (version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  if (begin > bytes.length) throw new InputError(`${name}: cut short in its header`);
  return { text: bytes.toString(version === 3 ? 'utf8' : 'latin1', at, begin), begin };
}

function field(header: string, key: string, value: RegExp, name: string): string {
  const found = new RegExp(`'${key}':\\s*${value.source}`).exec(header)?.[1];
  if (found === undefined) throw new InputError(`${name}: header ${header.trim()} has no ${key} that can be read`);
  return found;
}

function shapeOf(text: string): number[] {
  return text
    .split(',')
    .map((length) => length.trim())
    .filter((length) => length !== '')
    .map(Number);
}

/** Values whose first subscript runs fastest, put in the order in which the last one does. */
function rowMajor<Values extends Reference['data']>(values: Values, shape: readonly number[]): Values {
  const steps: number[] = []; // from one entry of a dimension to the next
  let step = 1;
  for (const length of shape) {
    steps.push(step);
    step *= length;
  }
  const sorted = values.slice() as Values;
  const subscripts = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < values.length; to++) {
    sorted[to] = values[from] ?? 0;
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      const [length, stride] = [shape[dimension] ?? 1, steps[dimension] ?? 1];
      const next = (subscripts[dimension] ?? 0) + 1;
      from += stride;
      subscripts[dimension] = next;
      if (next < length) break;
      subscripts[dimension] = 0;
      from -= length * stride;
    }
  }
  return sorted;
}
