import { ArgumentError } from '../errors.js';

/**
 * For functions that are over when the call returns.
 * @throws ArgumentError when what the caller's function returned is a promise or another thenable.
 */
export function refusePromise(caller: string, result: unknown): void {
  const isObject = (typeof result === 'object' && result !== null) || typeof result === 'function';
  if (!isObject || !('then' in result) || typeof result.then !== 'function') return;
  // The caller hears of it by the error below; the same promise failing later must not end the process as well.
  if (result instanceof Promise) result.catch(() => {});
  throw new ArgumentError(`${caller}: the function must be synchronous; await outside, on the tensors that it returns`);
}
