import { copyTensors, type Described, type TensorFiles } from '../io/index.js';
import { dequantizeInt8, quantizeInt8, type Tensor, zeros } from '../tensor/index.js';
import { channelDimensionOf } from './parameter-shapes.js';

/** Of a weight matrix that is stored as int8: the name of its scales. */
const scalesOf = (name: string) => `${name}_scale`;

/** What files with int8 weights hold for a parameter. */
export function* describedInt8(name: string, shape: readonly number[]): Iterable<readonly [string, Described]> {
  const dimension = channelDimensionOf(name);
  yield [name, { shape, dtype: dimension === undefined ? 'float32' : 'int8' }];
  if (dimension !== undefined)
    yield [scalesOf(name), { shape: shape.slice(dimension, dimension + 1), dtype: 'float32' }];
}

/** Fills parameters from files with int8 weights. @throws InputError as `copyTensors` */
export async function copyInt8(files: TensorFiles, parameters: [name: string, parameter: Tensor][]): Promise<void> {
  for (const [name, parameter] of parameters) {
    const dimension = channelDimensionOf(name);
    if (dimension === undefined) {
      await copyTensors(files, [[name, parameter]]);
      continue;
    }
    const integers = zeros(parameter.shape, { dtype: 'int8' });
    const scales = zeros(parameter.shape.slice(dimension, dimension + 1));
    try {
      const tensors: [string, Tensor][] = [
        [name, integers],
        [scalesOf(name), scales],
      ];
      await copyTensors(files, tensors);
      dequantizeInt8(parameter, { integers, scales }, dimension);
    } finally {
      integers.dispose();
      scales.dispose();
    }
  }
}

/** A parameter as it is stored with int8 weights; the tensors are new and the caller's. */
export function* toInt8(name: string, parameter: Tensor): Iterable<[name: string, tensor: Tensor]> {
  const dimension = channelDimensionOf(name);
  if (dimension === undefined) {
    yield [name, parameter.detach()];
    return;
  }
  const { integers, scales } = quantizeInt8(parameter, dimension);
  yield [name, integers];
  yield [scalesOf(name), scales];
}
