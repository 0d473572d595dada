import { expect, test } from 'vitest';
import {
  ArgumentError,
  autocast,
  DisposedError,
  engine,
  isGradEnabled,
  Linear,
  noGrad,
  ones,
  scope,
  type Tensor,
  tensor,
} from '../../lib/index.js';

/** What the modes are, by their effects on the engine and not by what JavaScript remembers. */
function outputNow(layer: Linear): Tensor {
  return layer.forward(tensor([[0.1, 0.2, 0.3]])); // (1, 1)
}

function throwInside(): never {
  throw new Error('mine');
}

test.each<[string, () => unknown]>([
  ['noGrad', () => noGrad(throwInside)],
  ['autocast', () => autocast('bfloat16', throwInside)],
  ['autocast in noGrad', () => noGrad(() => autocast('bfloat16', throwInside))],
  ['noGrad in autocast in scope', () => scope(() => autocast('bfloat16', () => noGrad(throwInside)))],
  ['scope in noGrad', () => noGrad(() => scope(throwInside))],
])('an exception in %s leaves the modes as they were', async (_, call) => {
  const layer = new Linear({ inFeatures: 3, outFeatures: 1, bias: false });
  layer.parameter('weight').fill(1 / 3);
  const before = outputNow(layer);
  // They do have an effect, so the comparison below is able to fail.
  const inModes = noGrad(() => autocast('bfloat16', () => outputNow(layer)));
  expect(inModes.requiresGrad).toBe(false);
  expect(await inModes.item()).not.toBe(await before.item());

  expect(call).toThrow('mine');
  expect(isGradEnabled()).toBe(true);
  const after = outputNow(layer);
  expect(after.requiresGrad).toBe(true);
  expect(await after.item()).toBe(await before.item());
  layer.dispose();
});

test('an exception frees the tensors of every scope that it passes, and of no other', async () => {
  const made: Tensor[] = [];
  const make = () => made[made.push(ones([2])) - 1] as Tensor;
  const outer = scope(() => {
    const kept = make();
    expect(() =>
      scope(() => {
        make();
        scope(() => {
          make();
          throwInside();
        });
      }),
    ).toThrow('mine');
    make();
    return kept;
  });
  expect(await outer.sum().item()).toBe(2);
  for (const lost of made.slice(1)) expect(() => lost.sum()).toThrow(DisposedError);
  // The next scope starts from nothing.
  const after = ones([1]);
  scope(() => make());
  expect(await after.item()).toBe(1);
});

function thenable<T extends object>(value: T): T {
  return Object.defineProperty(value, 'then', { value: () => {} });
}

test('an engine error in a scope leaves later scopes in order', async () => {
  expect(() => scope(() => ones([2]).add(ones([3])))).toThrow(ArgumentError);
  const sum = scope(() => ones([2]).sum());
  expect(await sum.item()).toBe(2);
});

test.each<[string, () => unknown]>([
  ['scope', () => scope(async () => ones([1]))],
  ['noGrad', () => noGrad(async () => ones([1]))],
  ['autocast', () => autocast('bfloat16', async () => ones([1]))],
  ['scope', () => scope(() => thenable({}))],
  ['scope', () => scope(() => thenable(() => {}))],
])('%s refuses a promise and every other thenable', (name, call) => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(`${name}: the function must be synchronous`);
  expect(isGradEnabled()).toBe(true);
});

test('the promise that a scope refuses may fail later without ending the process', async () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', listener);
  let lost: Tensor | undefined;
  expect(() =>
    scope(async () => {
      lost = ones([1]);
      await null;
      lost.add(1); // its scope is over
    }),
  ).toThrow(ArgumentError);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('unhandledRejection', listener);
  expect(unhandled).toEqual([]);
  expect(() => lost?.add(1)).toThrow(DisposedError);
});

test('what is returned may be nested and even hold itself', async () => {
  interface Nested {
    sums: Tensor[];
    self?: Nested;
    bare: { x: Tensor };
  }
  const result = scope(() => {
    const nested: Nested = { sums: [ones([2]).sum()], bare: Object.assign(Object.create(null), { x: ones([1]) }) };
    nested.self = nested;
    return nested;
  });
  expect(await result.self?.sums[0]?.item()).toBe(2);
  expect(await result.bare.x.item()).toBe(1);
});

test('a scope that makes ten thousand tensors frees them all', async () => {
  await engine.idle();
  const { held } = engine.memory();
  const total = scope(() => {
    let sum = ones([256]);
    for (let i = 0; i < 10_000; i++) sum = sum.add(1);
    return sum;
  });
  expect(await total.max().item()).toBe(10_001);
  total.dispose();
  await engine.idle();
  expect(engine.memory().held - held).toBeLessThanOrEqual(1028);
});
