import { expect, test } from 'vitest';
import { AdamW, ArgumentError, clipGradNorm, Linear, ones, randn, tensor } from '../../../lib/index.js';

test('a tensor made with requiresGrad is trained like a module\u2019s parameter', async () => {
  const scale = tensor([1, 2, 3], { requiresGrad: true });
  const optimizer = new AdamW([['scale', scale]], { lr: 0.1, weightDecay: 0 });
  scale.mul(scale).sum().backward();
  expect(await clipGradNorm([['scale', scale]], 1).item()).toBeCloseTo(Math.hypot(2, 4, 6), 4);
  optimizer.step();
  expect((await scale.toArray())[0]).toBeCloseTo(0.9, 5); // the first step is lr long
});

test('copyFrom sets it, and it is still trained', async () => {
  const weight = tensor(new Float32Array(6), { shape: [2, 3], requiresGrad: true });
  weight.copyFrom(randn([2, 3]));
  const [before] = await weight.toArray();
  weight.sum().backward();
  new AdamW([['weight', weight]], { lr: 0.1, weightDecay: 0 }).step();
  expect((await weight.toArray())[0]).toBeCloseTo(Number(before) - 0.1, 5);
});

const { weight, bias } = { weight: tensor([1], { requiresGrad: true }), bias: tensor([1]) };
test.each([
  ['what was computed', () => weight.mul(2)],
  ['data', () => bias],
  ['a detached parameter', () => weight.detach()],
  ['a gradient-free result', () => ones([2])],
])('%s is no parameter, and the message names it', (_, make) => {
  const linear = new Linear({ inFeatures: 2, outFeatures: 2 });
  const named: [string, ReturnType<typeof make>][] = [...linear.parameters, ['mine', make()]];
  expect(() => new AdamW(named)).toThrow(ArgumentError);
  expect(() => new AdamW(named)).toThrow(/^AdamW: "mine" is no parameter/);
  expect(() => clipGradNorm(named, 1)).toThrow(/^clipGradNorm: "mine" is no parameter/);
});
