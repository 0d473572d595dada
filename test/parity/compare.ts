import { expect } from 'vitest';
import type { Shape } from './fixture.js';

/**
 * Allowed max|a-b| / max|b| of a tensor in float32. The fixtures are exact to float32's last bit (computed in double),
 * so this is room for the code under test alone. PyTorch's own float32 is off by up to 1.2e-6 in outputs, 2.5e-6 in
 * gradients and 4.9e-6 in a trajectory (`npm run reference -- --report`). Gradients are sums over rows of products of
 * values that are rounded themselves, and another summation order may lose another digit; a wrong formula, even GELU's
 * erf form for its tanh form, is off by more than 1e-4.
 */
export const OUTPUTS = 1e-5;
export const GRADIENTS = 1e-4;
export const TRAJECTORY = 1e-4;

export interface Values {
  readonly shape: Shape;
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** Fails with where and by how much, if the shapes differ or max|got-expected| / max|expected| is above `tolerance`. */
export function expectClose(what: string, got: Values, expected: Values, tolerance: number): void {
  const problem = difference(got, expected, tolerance);
  if (problem) expect.fail(`${what}: ${problem}`);
}

/** What is wrong, or undefined. Where all of `expected` is zero, only zeros are right. */
export function difference(got: Values, expected: Values, tolerance: number): string | undefined {
  if (got.shape.join() !== expected.shape.join()) return `shape [${got.shape}], expected [${expected.shape}]`;
  const count = expected.shape.reduce((product, size) => product * size, 1);
  if (got.data.length !== count || expected.data.length !== count) {
    return `${got.data.length} and ${expected.data.length} values for shape [${expected.shape}]`;
  }
  let scale = 0;
  let worst = { distance: 0, index: 0 };
  for (let index = 0; index < count; index++) {
    const wanted = Number(expected.data[index]);
    const distance = Math.abs(Number(got.data[index]) - wanted);
    if (!Number.isFinite(distance)) return `${got.data[index]} at ${place(index, expected.shape)}, expected ${wanted}`;
    scale = Math.max(scale, Math.abs(wanted));
    if (distance > worst.distance) worst = { distance, index };
  }
  if (worst.distance <= tolerance * scale) return undefined;
  const { distance, index } = worst;
  const relative = scale > 0 ? `max|a-b| / max|b| = ${(distance / scale).toExponential(2)}` : 'all should be zero';
  const values = `${got.data[index]} at ${place(index, expected.shape)}, expected ${expected.data[index]}`;
  return `${relative}, allowed ${tolerance}; ${values}`;
}

/** The subscripts of the `index`-th value of a row-major tensor. */
function place(index: number, shape: Shape): string {
  const subscripts: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    subscripts.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${subscripts}]`;
}
