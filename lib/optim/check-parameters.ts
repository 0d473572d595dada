import { ArgumentError } from '../errors.js';
import type { Tensor } from '../tensor/index.js';

/** Parameters under their names, as `namedParameters()` of a model gives them. */
export type NamedParameters = Iterable<[name: string, parameter: Tensor]>;

/** The parameters as a list. @throws ArgumentError for what was computed, or is data: no gradient is kept for it */
export function checkParameters(call: string, parameters: NamedParameters): [name: string, parameter: Tensor][] {
  const named = [...parameters];
  const wrong = named.find(([, parameter]) => !parameter.trainable);
  if (wrong === undefined) return named;
  throw new ArgumentError(
    `${call}: "${wrong[0]}" is no parameter; those are a module's, or tensors made by tensor(…, { requiresGrad: true })`,
  );
}
