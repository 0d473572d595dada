import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  deviceName,
  fraction,
  nonEmpty,
  nonNegativeInteger,
  nonNegativeNumber,
  portNumber,
  positiveInteger,
  probability,
  seconds,
  tokenList,
  wholeWithin,
  within,
} from '../../../lib/cli/parse-option.js';

describe.each([
  ['positiveInteger', positiveInteger, ['1', '12'], ['0', '-1', '1.5', '', 'x', '1e3', '99999999999999999999']],
  ['nonNegativeInteger', nonNegativeInteger, ['0', '7'], ['-1', '0.5', '', ' ']],
  ['nonNegativeNumber', nonNegativeNumber, ['0', '0.7', '1e-3'], ['-0.1', '', ' ', 'NaN', 'Infinity', 'x']],
  ['portNumber', portNumber, ['0', '8000', '65535'], ['65536', '-1', '80.5', '', 'http']],
  ['wholeWithin', wholeWithin({ least: 2, most: 7 }), ['2', '7'], ['1', '8', '2.5', '', 'x']],
  ['within', within({ least: 0, most: 1.5 }), ['0', '1.5', '1e-3'], ['-0.1', '1.6', '', ' ', 'NaN', 'Infinity', 'x']],
  ['seconds', seconds, ['0.5', '2147483'], ['0', '-1', '2147484', 'Infinity', '', 'x']],
  ['fraction', fraction, ['0', '0.1', '0.99'], ['1', '-0.1', 'x', '']],
  ['probability', probability, ['0.5', '1'], ['0', '1.1', '-1', 'x', '']],
])('%s', (_, parse, good, bad) => {
  it.each(good)('takes %j', (text) => expect(parse(text)).toBe(Number(text)));
  it.each(bad)('refuses %j', (text) => expect(() => parse(text)).toThrow(InvalidArgumentError));
});

describe('deviceName', () => {
  it.each(['auto', 'cpu', 'cuda', 'cuda:1'])('takes %j', (text) => expect(deviceName(text)).toBe(text));
  it.each(['tpu', 'cuda:', 'cuda:x', 'CPU', ''])('refuses %j', (text) =>
    expect(() => deviceName(text)).toThrow(InvalidArgumentError),
  );
});

describe('tokenList', () => {
  it('takes ids with or without spaces', () => expect(tokenList('1, 2,30')).toEqual([1, 2, 30]));
  it.each(['', '1,,2', '1,-2', '1,x', '1.5'])('refuses %j', (text) =>
    expect(() => tokenList(text)).toThrow(InvalidArgumentError),
  );
});

describe('nonEmpty', () => {
  it.each(['a', ' a', '0'])('takes %j', (text) => expect(nonEmpty(text)).toBe(text));
  it.each(['', ' ', '\t'])('refuses %j', (text) => expect(() => nonEmpty(text)).toThrow(InvalidArgumentError));
});
