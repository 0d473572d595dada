import { type Argument, addon } from '../addon/index.js';
import { ArgumentError } from '../errors.js';
import { type DType, dtypeOf, flatten, type NestedNumbers, pack, type TensorData } from './dtype.js';
import { engine } from './engine.js';
import type { Generator } from './generator.js';
import { Tensor } from './tensor.js';

const { functions } = addon;

/** Of what type a new tensor is, and where it lies. */
export interface Placement {
  /** Default float32. */
  dtype?: DType;
  /** As `engine.device` takes it, which throws DeviceError for one that is not there. Default "cpu". */
  device?: string;
}

/** How numbers become a tensor. */
export interface TensorOptions extends Placement {
  /** Default: that of nested arrays, else one dimension. */
  shape?: readonly number[];
  /**
   * It is a parameter of one's own: `backward` keeps a gradient for it, an optimizer changes it, and `copyFrom` sets it, as to
   * random numbers: `parameter.copyFrom(randn(parameter.shape))`. float32 or float64. Default false.
   */
  requiresGrad?: boolean;
}

/**
 * A tensor of the given numbers, which are copied.
 *
 * Typed arrays keep their dtype, other numbers become float32 unless `dtype` says otherwise.
 * @throws ArgumentError when the numbers do not fill the shape, the dtype is not theirs, or does not hold one of them
 */
export function tensor(data: NestedNumbers | TensorData, options: TensorOptions = {}): Tensor {
  const { requiresGrad = false } = options;
  const device = engine.device(options.device ?? 'cpu');
  const flat = ArrayBuffer.isView(data)
    ? { packed: data, shape: [data.length] }
    : packNested(data, options.dtype ?? 'float32');
  const dtype = options.dtype ?? dtypeOf(flat.packed);
  const carrier = carrierOf(dtype);
  const given = dtypeOf(flat.packed);
  if (given !== carrier && !(given === 'uint8' && carrier === 'bool')) {
    throw new ArgumentError(`tensor: a ${flat.packed.constructor.name} does not hold ${dtype}`);
  }
  if (dtype === 'bool') checkBits(flat.packed);
  const shape = options.shape ?? flat.shape;
  if (carrier === dtype) {
    return new Tensor(functions.fromData(flat.packed, shape, dtype, device, requiresGrad), undefined, requiresGrad);
  }
  if (requiresGrad) throw new ArgumentError(`tensor: requiresGrad needs float32 or float64, not ${dtype}`);
  const carried = new Tensor(functions.fromData(flat.packed, shape, carrier, device, false));
  const cast = carried.to({ dtype });
  carried.dispose();
  return cast;
}

function packNested(data: NestedNumbers, dtype: DType): { packed: TensorData; shape: number[] } {
  const { values, shape } = flatten(data);
  return { packed: pack(values, dtype), shape };
}

function checkBits(packed: TensorData): void {
  const place = packed.findIndex((value: number | bigint) => value > 1);
  if (place >= 0) throw new ArgumentError(`tensor: data has ${packed[place]} at ${place}; bool holds 0 and 1`);
}

/** The dtype in which a dtype travels from JavaScript. */
function carrierOf(dtype: DType): DType {
  return dtype === 'bfloat16' || dtype === 'float16' ? 'float32' : dtype;
}

/** A tensor of one value. */
export function full(shape: readonly number[], value: number, { dtype = 'float32', device = 'cpu' }: Placement = {}) {
  return new Tensor(functions.full(value, shape, dtype, engine.device(device)));
}

/** A tensor of zeros. */
export function zeros(shape: readonly number[], placement: Placement = {}): Tensor {
  return full(shape, 0, placement);
}

/** A tensor of ones. */
export function ones(shape: readonly number[], placement: Placement = {}): Tensor {
  return full(shape, 1, placement);
}

/** 0, 1, … end - 1 as int64. */
export function arange(end: number, { device = 'cpu' }: { device?: string } = {}): Tensor {
  return new Tensor(functions.arange(end, engine.device(device)));
}

/** How a tensor of random numbers is made. */
export interface RandomOptions extends Placement {
  /** Default: the engine's. */
  generator?: Generator;
}

/** Standard normal numbers. */
export function randn(shape: readonly number[], options: RandomOptions = {}): Tensor {
  const { dtype = 'float32', device = 'cpu', generator = engine.generator } = options;
  return new Tensor(generator.draw(1, (key) => functions.randn(key, shape, dtype, engine.device(device))));
}

/** Uniform numbers in [0, 1). */
export function rand(shape: readonly number[], options: RandomOptions = {}): Tensor {
  const { dtype = 'float32', device = 'cpu', generator = engine.generator } = options;
  return new Tensor(generator.draw(1, (key) => functions.rand(key, shape, dtype, engine.device(device))));
}

/** Joins tensors along a dimension. */
export function cat(tensors: readonly Tensor[], dimension = 0): Tensor {
  return new Tensor(
    functions.cat(
      tensors.map((t) => t.handle),
      dimension,
    ),
  );
}

/** `a` where `condition` is true, else `b`. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return new Tensor(functions.where(condition.handle, a.handle, b.handle));
}

/** x (…, in) · weightᵀ + bias, weight (out, in) → (…, out) */
export function linear(input: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return new Tensor(functions.linear(input.handle, weight.handle, bias?.handle));
}

/** Zeroes elements with probability p and scales the others by 1 / (1 - p). */
export function dropout(input: Tensor, p: number, generator: Generator = engine.generator): Tensor {
  return new Tensor(generator.draw(1, (key) => functions.dropout(input.handle, p, key)));
}

/** Targets of this value count in no loss. */
export const IGNORE_INDEX = -100;

/** How the losses of targets become one number. */
export interface LossOptions {
  /** `mean` over the targets that count (0 where none does), or `sum`. Default mean. */
  reduction?: 'mean' | 'sum';
}

/** -log softmax(logits)[target], logits (…, classes), targets (…) int64; targets of -100 do not count. */
export function crossEntropy(logits: Tensor, targets: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor {
  return new Tensor(functions.crossEntropy(logits.handle, targets.handle, IGNORE_INDEX, reduction));
}

/** How the losses of rows become one number. */
export interface LinearCrossEntropyOptions extends LossOptions {
  /** (…) float32: what each target's loss counts in a sum. Default: 1. */
  rowWeights?: Tensor | undefined;
}

/**
 * The cross-entropy of softmax(hidden · weightᵀ) without ever holding all logits.
 * hidden (…, width), weight (vocabSize, width), targets (…) int64; targets of -100 do not count, and cost nothing.
 */
export function linearCrossEntropy(
  hidden: Tensor,
  weight: Tensor,
  targets: Tensor,
  { reduction = 'mean', rowWeights }: LinearCrossEntropyOptions = {},
): Tensor {
  const [h, w, t] = [hidden.handle, weight.handle, targets.handle];
  return new Tensor(functions.linearCrossEntropy(h, w, t, rowWeights?.handle, IGNORE_INDEX, reduction));
}

/** How a token is chosen from logits, in the order of transformers' `generate`: penalty, temperature, top-k, top-p, min-p. */
export interface SamplingOptions {
  /** Divides the logits; 0 takes the most probable token, and below 1e-6 it counts as 1e-6. Up to 1e6. Default 1. */
  temperature?: number;
  /** Only the k most probable tokens. */
  topK?: number;
  /** Only the smallest set of tokens whose probability reaches p (Holtzman et al. 2019). */
  topP?: number;
  /** Only tokens at least p times as probable as the most probable one (Nguyen et al. 2024). */
  minP?: number;
  /**
   * Divides positive logits of the tokens that came before and multiplies negative ones (Keskar et al. 2019). From 1e-6 to
   * 1e6. Default 1: none.
   */
  repetitionPenalty?: number;
}

/** What the repetition penalty looks at. */
export interface SeenTokens {
  /** (B, S) int64: the tokens of each sequence so far. Without them the penalty does nothing. */
  seen?: Tensor;
}

/**
 * Logits whose softmax is what `sample` draws from: (B, vocabSize) → float32 (B, vocabSize); what is excluded is -Infinity.
 * @throws ArgumentError for a temperature of 0, or an option out of its range
 */
export function filterLogits(logits: Tensor, options: SamplingOptions & SeenTokens = {}): Tensor {
  return new Tensor(functions.filterLogits(logits.handle, ...samplingArguments(options)));
}

/** What `sample` takes beside the logits. */
export interface SampleOptions extends SamplingOptions, SeenTokens {
  generator?: Generator;
}

/**
 * Draws one token for each row: logits (B, vocabSize) → (B) int64.
 * Reading the result fails where a row's logits are NaN, or the largest is infinite.
 */
export function sample(logits: Tensor, options: SampleOptions = {}): Tensor {
  const { generator = engine.generator } = options;
  return new Tensor(generator.draw(1, (key) => functions.sample(logits.handle, ...samplingArguments(options), key)));
}

function samplingArguments(options: SamplingOptions & SeenTokens): Argument[] {
  const { seen, temperature = 1, topK, topP, minP, repetitionPenalty } = options;
  return [seen?.handle, temperature, topK, topP, minP, repetitionPenalty];
}
