import { addon, type TensorHandle } from '../addon/index.js';
import { ArgumentError } from '../errors.js';
import { refusePromise } from './synchronous.js';

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
 * object) and those given to `keep`. Freeing is queued behind the work, so nothing that the engine still needs is lost.
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
    refusePromise('scope', result);
    const outer = open.at(-2);
    for (const kept of tensorsIn(result)) {
      if (made.delete(kept)) outer?.add(kept);
    }
  } finally {
    open.pop();
    addon.disposeTensors(
      Array.from(made, (tensor) => tensor.handle),
      true,
    );
  }
  return result;
}

/**
 * Takes tensors out of every open scope: for what a scope's function puts into a Map, a class or a variable outside.
 * They live until `dispose()`, whatever scopes end. Outside a scope it does nothing.
 *
 * @param value a tensor, or an array or object of tensors
 * @returns the value itself: `cache.set(key, keep(x.mul(2)))`
 * @throws ArgumentError when there is no tensor in it
 */
export function keep<T>(value: T): T {
  let found = false;
  for (const tensor of tensorsIn(value)) {
    found = true;
    for (const made of open) made.delete(tensor);
  }
  if (!found) throw new ArgumentError('keep: no tensor was given, alone, in an array or as a value of an object');
  return value;
}

/** A tensor; the elements of arrays and the values of plain objects, at any depth. */
function* tensorsIn(value: unknown, seen = new Set<object>()): Generator<Disposable> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if ('handle' in value && 'parameter' in value) {
    yield value as Disposable;
  } else if (Array.isArray(value) || isPlain(value)) {
    for (const element of Object.values(value)) yield* tensorsIn(element, seen);
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
