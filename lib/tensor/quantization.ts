import { addon } from '../addon/index.js';
import { Tensor } from './tensor.js';

/** A matrix as int8: each number is an integer times its channel's scale. */
export interface Int8Weight {
  /** int8, -127 to 127. */
  integers: Tensor;
  /** (channels) float32. */
  scales: Tensor;
}

/**
 * Rounds a float32 matrix to int8, symmetric, with a scale for each output channel (a channel's largest magnitude / 127, to
 * 16 significant bits). Quantising the result of `dequantizeInt8` again gives the same integers and scales.
 * @param channelDimension 0 where the rows are the output channels, 1 where the columns are
 * @throws ArgumentError for what is no float32 matrix; reading the result fails where a weight is not finite
 */
export function quantizeInt8(weight: Tensor, channelDimension: 0 | 1): Int8Weight {
  const [integers, scales] = addon.functions.quantizeInt8(weight.handle, channelDimension);
  return { integers: new Tensor(integers), scales: new Tensor(scales) };
}

/**
 * target = integers · scales, in place.
 * @param channelDimension as of `quantizeInt8`
 * @throws ArgumentError where the shapes do not fit
 */
export function dequantizeInt8(target: Tensor, { integers, scales }: Int8Weight, channelDimension: 0 | 1): void {
  addon.functions.dequantizeInt8(target.handle, integers.handle, scales.handle, channelDimension);
}
