import { addon } from '../addon/index.js';
import { refusePromise } from './synchronous.js';

let gradEnabled = true;
let autocastDtype: 'bfloat16' | 'float16' | null = null;

/** Whether calls made now record what a backward pass needs. */
export function isGradEnabled(): boolean {
  return gradEnabled;
}

/** Runs `fn` without recording gradients: evaluation and generation then need less memory and time. */
export function noGrad<T>(fn: () => T): T {
  return withModes('noGrad', false, autocastDtype, fn);
}

/**
 * Runs `fn` with mixed precision: modules compute their matrix products and attention in `dtype`, on weights, norms
 * and residuals kept in float32. Results stay float32.
 */
export function autocast<T>(dtype: 'bfloat16' | 'float16', fn: () => T): T {
  return withModes('autocast', gradEnabled, dtype, fn);
}

function withModes<T>(caller: string, grad: boolean, dtype: typeof autocastDtype, fn: () => T): T {
  const before = [gradEnabled, autocastDtype] as const;
  apply(grad, dtype);
  try {
    const result = fn();
    refusePromise(caller, result);
    return result;
  } finally {
    apply(...before);
  }
}

function apply(grad: boolean, dtype: typeof autocastDtype): void {
  gradEnabled = grad;
  autocastDtype = dtype;
  addon.engine.setModes(grad, dtype);
}
