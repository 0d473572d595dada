import { InvalidArgumentError } from 'commander';

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

export function positiveNumber(text: string): number {
  return inRange(text, Number(text) > 0 && Number.isFinite(Number(text)), 'a number > 0');
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
  return [...earlier, value];
}

function wholeNumber(text: string): boolean {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

function inRange(text: string, isGood: boolean, expected: string): number {
  if (!isGood) throw new InvalidArgumentError(`Expected ${expected}.`);
  return Number(text);
}
