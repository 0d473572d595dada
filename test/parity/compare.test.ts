import { describe, expect, it } from 'vitest';
import { difference, expectClose, GRADIENTS, OUTPUTS } from './compare.js';
import { fixtureNames, loadFixture } from './fixture.js';

const expected = { shape: [2, 3], data: Float32Array.of(0, 1, -2, 4, 0.5, 3) };

function changed(index: number, value: number) {
  return { shape: expected.shape, data: expected.data.with(index, value) };
}

describe('difference', () => {
  it('lets equal values and small errors pass', () => {
    expect(difference(expected, expected, 0)).toBeUndefined();
    expect(difference(changed(1, 1 + 3.9e-5), expected, OUTPUTS)).toBeUndefined();
  });

  it('says where and how much, relative to the greatest expected value', () => {
    expect(difference(changed(4, 0.5 + 4.1e-5), expected, OUTPUTS)).toMatch(/= 1\.0\de-5, allowed 0\.00001; .*\[1,1\]/);
    expect(difference(changed(2, 2), expected, GRADIENTS)).toContain('2 at [0,2], expected -2');
  });

  it('takes nothing but zeros for zeros', () => {
    const zeros = { shape: [2], data: Float32Array.of(0, 0) };
    expect(difference(zeros, zeros, OUTPUTS)).toBeUndefined();
    expect(difference({ shape: [2], data: Float32Array.of(0, 1e-30) }, zeros, OUTPUTS)).toContain('all should be zero');
  });

  it('never takes a value that is no number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(difference(changed(5, value), expected, 1)).toContain(`${value} at [1,2]`);
      expect(difference(expected, changed(5, value), 1)).toBeDefined();
    }
  });

  it('compares shapes and lengths', () => {
    expect(difference({ shape: [3, 2], data: expected.data }, expected, 1)).toBe('shape [3,2], expected [2,3]');
    expect(difference({ shape: [2, 3], data: expected.data.slice(1) }, expected, 1)).toContain('5 and 6 values');
  });
});

describe('expectClose', () => {
  it('throws with the name of the tensor', () => {
    expect(() => expectClose('gradient of x', changed(0, 1), expected, GRADIENTS)).toThrow('gradient of x');
    expect(() => expectClose('gradient of x', expected, expected, GRADIENTS)).not.toThrow();
  });

  it('sees a fixture with one changed value', () => {
    const stored = loadFixture('modules/attention').get('outputs', 'hidden');
    const data = Float32Array.from(stored.data, Number);
    data[17] = (data[17] ?? 0) * 1.001;
    expect(() => expectClose('hidden', { shape: stored.shape, data }, stored, OUTPUTS)).toThrow('hidden');
  });
});

describe('loadFixture', () => {
  it('does not take a misspelt name', () => {
    expect(() => loadFixture('modules/attention').get('outputs', 'logits')).toThrow('it has');
    expect(() => fixtureNames('modules', /^atention/)).toThrow('npm run reference');
  });

  it('holds, for every parameter of a module, its gradient in the same shape', () => {
    for (const name of fixtureNames('modules')) {
      const fixture = loadFixture(name);
      const shapes = (kind: string) => [...fixture.of(kind)].map(([key, value]) => [key, value.shape]);
      expect(shapes('gradients'), name).toEqual(shapes('parameters'));
    }
  });
});
