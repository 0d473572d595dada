import type { Tolerance } from './tolerance.js';
import type { Values } from './values.js';

/** One element of both sides, by its place in row-major order. */
export interface Pair {
  readonly index: number;
  readonly got: number | bigint;
  readonly expected: number | bigint;
}

/** What comparing two sides of one shape gave. */
export interface Comparison {
  /** Elements. */
  readonly count: number;
  /** Elements out of tolerance, those that are not finite included. */
  readonly outside: number;
  /** The finite pair that goes furthest beyond what is allowed for it, or comes nearest to it. */
  readonly worst: (Pair & { readonly difference: number; readonly allowed: number }) | undefined;
  /** max|a-b| over finite pairs. */
  readonly largestDifference: number;
  /** max|b| over finite elements of the reference. */
  readonly scale: number;
  /** Pairs of which one is NaN or infinite and the other is not the same: how many, and the first few. */
  readonly notFinite: { readonly count: number; readonly first: readonly Pair[] };
}

const MOST_PLACES_TOLD = 4;

/** Compares two sides of the same shape, element by element: |a - b| ≤ atol + rtol · |b|. */
export function compare(a: Values, b: Values, { rtol, atol, equalNaN }: Tolerance): Comparison {
  const count = a.data.length;
  let outside = 0;
  let worst: Comparison['worst'];
  let largestExcess = Number.NEGATIVE_INFINITY;
  let largestDifference = 0;
  let scale = 0;
  let notFinite = 0;
  const first: Pair[] = [];
  for (let index = 0; index < count; index++) {
    const got = a.data[index] ?? Number.NaN;
    const expected = b.data[index] ?? Number.NaN;
    const difference = distance(got, expected);
    const magnitude = Math.abs(Number(expected));
    if (Number.isFinite(magnitude)) scale = Math.max(scale, magnitude);
    if (!Number.isFinite(difference)) {
      if (sameSpecial(Number(got), Number(expected), equalNaN)) continue;
      outside++;
      notFinite++;
      if (first.length < MOST_PLACES_TOLD) first.push({ index, got, expected });
      continue;
    }
    const allowed = atol + rtol * magnitude;
    const excess = difference - allowed;
    if (excess > 0) outside++;
    largestDifference = Math.max(largestDifference, difference);
    if (excess > largestExcess) {
      largestExcess = excess;
      worst = { index, got, expected, difference, allowed };
    }
  }
  return { count, outside, worst, largestDifference, scale, notFinite: { count: notFinite, first } };
}

/** Exact where both are whole numbers of 64 bits, whose difference a double may not hold. */
function distance(a: number | bigint, b: number | bigint): number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return Number(a > b ? a - b : b - a);
  return Math.abs(Number(a) - Number(b));
}

function sameSpecial(a: number, b: number, equalNaN: boolean): boolean {
  return a === b || (equalNaN && Number.isNaN(a) && Number.isNaN(b));
}
