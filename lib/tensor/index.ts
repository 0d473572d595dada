/** Tensors, the functions on them, and the engine that computes them. */

export type { Memory } from '../addon/index.js';
export type { DType, NestedNumbers, TensorData } from './dtype.js';
export { type Engine, engine } from './engine.js';
export {
  arange,
  cat,
  crossEntropy,
  dropout,
  filterLogits,
  full,
  IGNORE_INDEX,
  type LinearCrossEntropyOptions,
  type LossOptions,
  linear,
  linearCrossEntropy,
  ones,
  type Placement,
  type RandomOptions,
  rand,
  randn,
  type SampleOptions,
  type SamplingOptions,
  type SeenTokens,
  sample,
  type TensorOptions,
  tensor,
  where,
  zeros,
} from './functions.js';
export { Generator, type GeneratorState } from './generator.js';
export type { Graph } from './graph.js';
export { autocast, isGradEnabled, noGrad } from './modes.js';
export { dequantizeInt8, type Int8Weight, quantizeInt8 } from './quantization.js';
export { keep, scope } from './scope.js';
export { Tensor } from './tensor.js';
export { TokenFile, type TokenFileLayout } from './token-file.js';
