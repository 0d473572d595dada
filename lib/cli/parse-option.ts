import { InvalidArgumentError } from 'commander';
import { BOUNDS, type Bounds } from '../bounds.js';

/** Parsers for commander: what they throw becomes "error: option '…' argument '…' is invalid. …" and exit code 2. */

export function positiveInteger(text: string): number {
  return inRange(text, wholeNumber(text) && Number(text) >= 1, 'a whole number >= 1');
}

export function nonNegativeInteger(text: string): number {
  return inRange(text, wholeNumber(text), 'a whole number >= 0');
}

export function nonNegativeNumber(text: string): number {
  return inRange(text, text.trim() !== '' && Number(text) >= 0 && Number.isFinite(Number(text)), 'a number >= 0');
}

/** A parser of whole numbers within bounds. */
export function wholeWithin(bounds: Bounds): (text: string) => number {
  return (text) => inRange(text, wholeNumber(text) && isWithin(text, bounds), `a whole number ${inWords(bounds)}`);
}

/** A parser of numbers within bounds. */
export function within(bounds: Bounds): (text: string) => number {
  return (text) => inRange(text, isWithin(text, bounds), `a number ${inWords(bounds)}`);
}

/** Above 0, as long as a timer runs at most. */
export function seconds(text: string): number {
  const most = BOUNDS.milliseconds.most / 1000;
  return inRange(text, Number(text) > 0 && Number(text) <= most, `seconds, > 0 and <= ${Math.floor(most)}`);
}

/** A path, a name: anything but nothing. */
export function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected more than nothing.');
  return text;
}

/** Above 0, at most 1. */
export function probability(text: string): number {
  return inRange(text, Number(text) > 0 && Number(text) <= 1, 'a number > 0 and <= 1');
}

/** 0 takes any free one. */
export function portNumber(text: string): number {
  return inRange(text, wholeNumber(text) && Number(text) <= 65535, 'a port, 0 to 65535');
}

/** `auto`, `cpu`, `cuda`, `cuda:1`; whether it is there is for the engine to say. */
export function deviceName(text: string): string {
  if (!/^(auto|cpu|cuda(:\d+)?)$/.test(text)) throw new InvalidArgumentError('Expected auto, cpu, cuda or cuda:N.');
  return text;
}

/** `1,2,3` */
export function tokenList(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every(wholeNumber)) throw new InvalidArgumentError('Expected token ids such as 1,2,3.');
  return parts.map(Number);
}

/** `a,b,c`; labels that are numbers in the data are numbers here. */
export function labelList(text: string): (string | number)[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length < 2 || parts.includes('')) throw new InvalidArgumentError('Expected at least two labels: a,b.');
  return parts.every((part) => Number.isFinite(Number(part))) ? parts.map(Number) : parts;
}

/** From 0 to below 1. */
export function fraction(text: string): number {
  return inRange(text, text.trim() !== '' && Number(text) >= 0 && Number(text) < 1, 'a number >= 0 and < 1');
}

export function trueOrFalse(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('Expected true or false.');
  return text === 'true';
}

/** Collects an option that may be given several times. */
export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, nonEmpty(value)];
}

function wholeNumber(text: string): boolean {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

function isWithin(text: string, { least, most }: Bounds): boolean {
  return text.trim() !== '' && Number(text) >= least && Number(text) <= most;
}

function inWords({ least, most }: Bounds): string {
  return `from ${least} to ${most}`;
}

function inRange(text: string, isGood: boolean, expected: string): number {
  if (!isGood) throw new InvalidArgumentError(`Expected ${expected}.`);
  return Number(text);
}
