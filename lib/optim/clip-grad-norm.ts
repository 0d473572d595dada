import { addon } from '../addon/index.js';
import { Tensor } from '../tensor/index.js';
import type { NamedParameters } from './adamw.js';

/**
 * Scales all gradients together so that their norm is at most `maxNorm` (Pascanu et al. 2013). Nobody waits for it.
 * @returns the norm before clipping, a scalar
 */
export function clipGradNorm(parameters: NamedParameters, maxNorm: number): Tensor {
  const handles = Array.from(parameters, ([, parameter]) => parameter.handle);
  return new Tensor(addon.functions.clipGradNorm(handles, maxNorm));
}
