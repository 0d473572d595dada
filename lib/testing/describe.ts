import type { Comparison, Pair } from './compare.js';
import type { Tolerance } from './tolerance.js';
import type { Values } from './values.js';

/** Why shapes that differ cannot be compared. */
export function describeShapes(got: Values, expected: Values): string {
  return [`The shapes differ: ${bracketed(got.shape)} and ${bracketed(expected.shape)}.`, ...sides(got, expected)].join(
    '\n',
  );
}

/** Where and by how much the sides differ; or that they do not. */
export function describe(got: Values, expected: Values, comparison: Comparison, { rtol, atol }: Tolerance): string {
  const { count, outside, notFinite } = comparison;
  const share = count === 0 ? 0 : Number(((100 * outside) / count).toPrecision(2));
  const elements = `${whole(outside)} of ${whole(count)} elements (${share} %)`;
  const show = ({ index, ...pair }: Pair) =>
    `at ${placeOf(index, got.shape)}: got ${number(pair.got, got)}, expected ${number(pair.expected, expected)}`;
  return [
    `${elements} are further apart than atol ${short(atol)} + rtol ${short(rtol)} · |reference|.`,
    '',
    ...finite(comparison, show),
    ...(notFinite.count > 0 ? [`NaN or infinite:   ${places(notFinite, show)}`] : []),
    ...sides(got, expected),
  ].join('\n');
}

function finite({ worst, largestDifference, scale }: Comparison, show: (pair: Pair) => string): string[] {
  if (!worst) return [];
  const { difference, allowed } = worst;
  const relative = ratio(difference, Math.abs(Number(worst.expected)));
  return [
    `worst:             ${show(worst)}`,
    `                   absolute difference ${short(difference)} (allowed ${short(allowed)}), relative ${relative}`,
    `max|a-b|/max|b|:   ${short(largestDifference)} / ${short(scale)} = ${ratio(largestDifference, scale)}`,
  ];
}

function places({ count, first }: Comparison['notFinite'], show: (pair: Pair) => string): string {
  const rest = count > first.length ? `; and ${whole(count - first.length)} more` : '';
  return `${whole(count)} (${first.map(show).join('; ')}${rest})`;
}

function sides(got: Values, expected: Values): string[] {
  return [`tensor:            ${side(got)}`, `reference:         ${side(expected)}`];
}

function side({ dtype, shape, name }: Values): string {
  return `${dtype ?? 'numbers'} ${bracketed(shape)}${name === undefined ? '' : ` (${name})`}`;
}

/** The subscripts of the `index`-th element of a row-major tensor. */
function placeOf(index: number, shape: readonly number[]): string {
  const subscripts: number[] = [];
  let rest = index;
  for (const length of [...shape].reverse()) {
    subscripts.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return bracketed(subscripts);
}

function bracketed(numbers: readonly number[]): string {
  return `[${numbers.join(', ')}]`;
}

/** Nine digits tell every float32 from its neighbours; the rest is what a double adds. */
function number(value: number | bigint, { dtype }: Values): string {
  const single = dtype === 'float32' || dtype === 'bfloat16' || dtype === 'float16';
  return single ? String(Number(Number(value).toPrecision(9))) : String(value);
}

function ratio(difference: number, magnitude: number): string {
  return magnitude === 0 && difference > 0 ? 'infinite' : short(magnitude === 0 ? 0 : difference / magnitude);
}

/** Three digits: 0.0132, 1.3e-6. */
function short(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded > 0 && rounded < 1e-3 ? rounded.toExponential() : String(rounded);
}

function whole(value: number): string {
  return value.toLocaleString('en');
}
