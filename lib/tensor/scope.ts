import { addon, type TensorHandle } from '../addon/index.js';
import { ArgumentError } from '../errors.js';

/** What scopes need of a tensor; the class itself imports this file. */
export interface Disposable {
  readonly handle: TensorHandle;
  readonly parameter: boolean;
}

/** The tensors made since each open scope began, innermost last. */
const open: Set<Disposable>[] = [];

/** Called by every tensor when it is made. */
export function register(tensor: Disposable): void {
  open.at(-1)?.add(tensor);
}

/**
 * Runs `fn` and frees every tensor made in it, except those that it returns (alone, in an array or as values of an
 * object). Freeing is queued behind the work, so nothing that the engine still needs is lost.
 *
 * Synchronous on purpose: with an `await` inside, tensors of other code would fall into the scope.
 * @throws ArgumentError when `fn` returns a promise.
 */
export function scope<T>(fn: () => T): T {
  const made = new Set<Disposable>();
  open.push(made);
  let result: T;
  try {
    result = fn();
    if (isThenable(result)) {
      throw new ArgumentError('scope: the function must be synchronous; await outside, on the tensors that it returns');
    }
    const outer = open.at(-2);
    for (const kept of tensorsIn(result)) {
      if (made.delete(kept)) outer?.add(kept);
    }
  } finally {
    open.pop();
    addon.disposeTensors(Array.from(made, (tensor) => tensor.handle));
  }
  return result;
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function* tensorsIn(value: unknown): Generator<Disposable> {
  if (typeof value !== 'object' || value === null) return;
  if ('handle' in value && 'parameter' in value) {
    yield value as Disposable;
  } else if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) {
    for (const element of Object.values(value)) yield* tensorsIn(element);
  }
}
