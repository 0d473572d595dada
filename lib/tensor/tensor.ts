import { addon, type TensorDescription, type TensorHandle } from '../addon/index.js';
import { ArgumentError } from '../errors.js';
import { type DType, type TensorData, viewOf } from './dtype.js';
import { engine } from './engine.js';
import { register } from './scope.js';

const { functions } = addon;

/**
 * A tensor that the engine thread owns. Its shape, dtype and device are known at once; its values are computed in the
 * order of the calls and read with `await`.
 *
 * Arguments are checked when a call is made: a wrong shape or dtype throws ArgumentError there and then. What fails
 * later, on the engine thread, reaches whoever awaits a value that depends on it.
 */
export class Tensor {
  /** @internal */
  readonly handle: TensorHandle;
  /** @internal Owned by a module, which is kept alive by it; freed with the module. */
  readonly owner: object | undefined;
  /** @internal An optimizer may change it: a module's parameter, or made with `requiresGrad`. */
  readonly trainable: boolean;
  #description: TensorDescription | undefined;

  /** @internal Tensors are made by functions and modules. */
  constructor(handle: TensorHandle, owner?: object, trainable = owner !== undefined) {
    this.handle = handle;
    this.owner = owner;
    this.trainable = trainable;
    if (owner === undefined) register(this);
  }

  get shape(): readonly number[] {
    return this.#described.shape;
  }

  get dtype(): DType {
    return this.#described.dtype as DType;
  }

  /** "cpu" or "cuda:N". */
  get device(): string {
    return this.#described.device;
  }

  /** Whether `backward` from here reaches a parameter. */
  get requiresGrad(): boolean {
    return this.#described.requiresGrad;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  /** @internal */
  get parameter(): boolean {
    return this.owner !== undefined;
  }

  get #described(): TensorDescription {
    this.#description ??= addon.describe(this.handle);
    return this.#description;
  }

  /** What is known without waiting, as `console.log` shows it: `Tensor float32 (2, 3) on cpu`. */
  toString(): string {
    return `Tensor ${this.dtype} (${this.shape.join(', ')}) on ${this.device}`;
  }

  /** @internal */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** The value of a tensor of one element; of int64 the nearest number. @throws ArgumentError for more or fewer elements */
  item(): Promise<number> {
    return addon.readItem(this.handle);
  }

  /** The values in row-major order; bfloat16 and float16 come as float32. */
  async toArray(): Promise<TensorData> {
    const { dtype } = this;
    return viewOf(await addon.readData(this.handle), dtype);
  }

  /** Frees the value, behind the work already queued. A second call does nothing; other use throws DisposedError. */
  dispose(): void {
    addon.disposeTensors([this.handle], false);
  }

  // Gradients

  /**
   * Adds the gradient of this scalar to every parameter that it depends on.
   * @param retainGraph keep what a second backward pass needs. Default false: the memory is freed.
   */
  backward({ retainGraph = false } = {}): void {
    functions.backward(this.handle, retainGraph);
  }

  /** A copy of the gradient of a parameter or an input made with `requiresGrad`. */
  grad(): Tensor {
    return new Tensor(functions.grad(this.handle));
  }

  /** The same values without their history. */
  detach(): Tensor {
    return new Tensor(functions.detach(this.handle));
  }

  // Arithmetic; shapes broadcast, dtypes must agree

  /** this + other */
  add(other: Tensor | number): Tensor {
    return new Tensor(functions.add(this.handle, operand(other)));
  }

  /** this - other */
  sub(other: Tensor | number): Tensor {
    return new Tensor(functions.sub(this.handle, operand(other)));
  }

  /** this · other, elementwise */
  mul(other: Tensor | number): Tensor {
    return new Tensor(functions.mul(this.handle, operand(other)));
  }

  /** this / other */
  div(other: Tensor | number): Tensor {
    return new Tensor(functions.div(this.handle, operand(other)));
  }

  /** -this */
  neg(): Tensor {
    return new Tensor(functions.neg(this.handle));
  }

  /** |this| */
  abs(): Tensor {
    return new Tensor(functions.abs(this.handle));
  }

  /** e^this */
  exp(): Tensor {
    return new Tensor(functions.exp(this.handle));
  }

  /** The natural logarithm. */
  log(): Tensor {
    return new Tensor(functions.log(this.handle));
  }

  /** The square root. */
  sqrt(): Tensor {
    return new Tensor(functions.sqrt(this.handle));
  }

  /** this^exponent */
  pow(exponent: number): Tensor {
    return new Tensor(functions.pow(this.handle, exponent));
  }

  /** Values below `low` become `low`, those above `high` become `high`. */
  clamp(low: number, high: number): Tensor {
    return new Tensor(functions.clamp(this.handle, low, high));
  }

  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return new Tensor(functions.tanh(this.handle));
  }

  /** 1 / (1 + e^-this) */
  sigmoid(): Tensor {
    return new Tensor(functions.sigmoid(this.handle));
  }

  /** max(this, 0) */
  relu(): Tensor {
    return new Tensor(functions.relu(this.handle));
  }

  /**
   * The Gaussian error linear unit, x · Φ(x) (Hendrycks and Gimpel 2016).
   * @param approximate `tanh` as in GPT, `none` for the exact form with erf
   */
  gelu(approximate: 'tanh' | 'none' = 'tanh'): Tensor {
    return new Tensor(functions.gelu(this.handle, approximate));
  }

  /** (…, n, k) · (…, k, m) → (…, n, m) */
  matmul(other: Tensor): Tensor {
    return new Tensor(functions.matmul(this.handle, other.handle));
  }

  // Comparison, elementwise → bool

  /** this = other */
  eq(other: Tensor | number): Tensor {
    return new Tensor(functions.eq(this.handle, operand(other)));
  }

  /** this ≠ other */
  ne(other: Tensor | number): Tensor {
    return new Tensor(functions.ne(this.handle, operand(other)));
  }

  /** this < other */
  lt(other: Tensor | number): Tensor {
    return new Tensor(functions.lt(this.handle, operand(other)));
  }

  /** this ≤ other */
  le(other: Tensor | number): Tensor {
    return new Tensor(functions.le(this.handle, operand(other)));
  }

  /** this > other */
  gt(other: Tensor | number): Tensor {
    return new Tensor(functions.gt(this.handle, operand(other)));
  }

  /** this ≥ other */
  ge(other: Tensor | number): Tensor {
    return new Tensor(functions.ge(this.handle, operand(other)));
  }

  // Reductions over one dimension, or over all where none is given

  /** The sum. */
  sum(dimension?: number, keepDimension = false): Tensor {
    return new Tensor(functions.sum(this.handle, dimension, keepDimension));
  }

  /** The arithmetic mean. */
  mean(dimension?: number, keepDimension = false): Tensor {
    return new Tensor(functions.mean(this.handle, dimension, keepDimension));
  }

  /** The largest value. */
  max(dimension?: number, keepDimension = false): Tensor {
    return new Tensor(functions.max(this.handle, dimension, keepDimension));
  }

  /** The smallest value. */
  min(dimension?: number, keepDimension = false): Tensor {
    return new Tensor(functions.min(this.handle, dimension, keepDimension));
  }

  /** log Σ e^this */
  logsumexp(dimension?: number, keepDimension = false): Tensor {
    return new Tensor(functions.logsumexp(this.handle, dimension, keepDimension));
  }

  /** Places of the largest values, int64. */
  argmax(dimension?: number, keepDimension = false): Tensor {
    return new Tensor(functions.argmax(this.handle, dimension, keepDimension));
  }

  /** e^this / Σ e^this along a dimension. Default: the last. */
  softmax(dimension = -1): Tensor {
    return new Tensor(functions.softmax(this.handle, dimension));
  }

  /** this - log Σ e^this along a dimension. Default: the last. */
  logSoftmax(dimension = -1): Tensor {
    return new Tensor(functions.logSoftmax(this.handle, dimension));
  }

  // Shape

  /** One size may be -1: what is left. */
  reshape(...shape: number[]): Tensor {
    return new Tensor(functions.reshape(this.handle, shape));
  }

  /** The dimensions in another order. */
  permute(...order: number[]): Tensor {
    return new Tensor(functions.permute(this.handle, order));
  }

  /** Swaps two dimensions; negative ones count from the end. @throws ArgumentError for a dimension that there is not */
  transpose(a: number, b: number): Tensor {
    const rank = this.shape.length;
    const order = this.shape.map((_, i) => i);
    const [first, second] = [dimensionOf(a, 'a', rank), dimensionOf(b, 'b', rank)];
    if (rank > 0) [order[first], order[second]] = [second, first];
    return this.permute(...order);
  }

  /** `length` entries from `start` on along a dimension. */
  narrow(dimension: number, start: number, length: number): Tensor {
    return new Tensor(functions.narrow(this.handle, dimension, start, length));
  }

  /** Repeats dimensions of length 1, without a copy. */
  expand(...shape: number[]): Tensor {
    return new Tensor(functions.expand(this.handle, shape));
  }

  // Indexing

  /** Along a dimension the entries that `index` (int64) names, for each place of `index`. */
  gather(dimension: number, index: Tensor): Tensor {
    return new Tensor(functions.gather(this.handle, dimension, index.handle));
  }

  /** The entries along a dimension that `index` (int64, one dimension) names. */
  indexSelect(dimension: number, index: Tensor): Tensor {
    return new Tensor(functions.indexSelect(this.handle, dimension, index.handle));
  }

  /** `value` where `mask` is true. */
  maskedFill(mask: Tensor, value: number): Tensor {
    return new Tensor(functions.maskedFill(this.handle, mask.handle, value));
  }

  /**
   * The same values in another dtype or on another device; gradients go back to this one.
   * @throws DeviceError for a device that is not there
   */
  to({ dtype, device }: { dtype?: DType | undefined; device?: string | undefined }): Tensor {
    return new Tensor(functions.to(this.handle, dtype, device === undefined ? undefined : engine.device(device)));
  }

  /** Replaces the values in place by those of a tensor of the same shape. */
  copyFrom(source: Tensor): void {
    functions.copy(this.handle, source.handle);
  }

  /** Replaces every value in place. */
  fill(value: number): void {
    functions.fill(this.handle, value);
  }
}

/** As in PyTorch, a tensor without dimensions takes 0 and -1. */
function dimensionOf(given: number, name: string, rank: number): number {
  const most = Math.max(rank, 1);
  if (!Number.isInteger(given) || given < -most || given >= most) {
    throw new ArgumentError(`transpose: ${name} is ${given}; allowed for ${rank} dimensions: ${-most} to ${most - 1}`);
  }
  return given < 0 ? given + most : given;
}

function operand(other: Tensor | number): TensorHandle | number {
  return typeof other === 'number' ? other : other.handle;
}
