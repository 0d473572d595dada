import { addon } from '../addon/index.js';
import { Tensor } from '../tensor/index.js';
import { checkParameters, type NamedParameters } from './check-parameters.js';

/**
 * Scales all gradients together so that their norm is at most `maxNorm` (Pascanu et al. 2013). Nobody waits for it.
 * @param maxNorm above 0; Infinity clips nothing and only measures
 * @returns the norm before clipping, a scalar, to be disposed of outside a `scope`
 * @throws ArgumentError when there is no parameter, or one is none
 */
export function clipGradNorm(parameters: NamedParameters, maxNorm: number): Tensor {
  const handles = checkParameters('clipGradNorm', parameters).map(([, parameter]) => parameter.handle);
  return new Tensor(addon.functions.clipGradNorm(handles, maxNorm));
}
