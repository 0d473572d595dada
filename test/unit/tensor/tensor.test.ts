import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { libtorch } from '../../../lib/addon/index.js';
import {
  ArgumentError,
  arange,
  DeviceError,
  Embedding,
  EngineError,
  engine,
  GPT,
  Linear,
  ones,
  randn,
  tensor,
} from '../../../lib/index.js';

test('console.log shows what is known without waiting', () => {
  const shown = tensor([[1, 2, 3]]);
  expect(inspect({ shown })).toBe('{ shown: Tensor float32 (1, 3) on cpu }');
  expect(`${tensor(1, { dtype: 'bfloat16' })}`).toBe('Tensor bfloat16 () on cpu');
  shown.dispose();
  expect(inspect(shown)).toBe('Tensor float32 (1, 3) on cpu');
});

const config = { vocabSize: 7, contextLength: 4, layers: 1, heads: 1, width: 4 };
const makers: [string, (device: string) => unknown][] = [
  ['tensor', (device) => tensor([1], { device })],
  ['ones', (device) => ones([2], { device })],
  ['arange', (device) => arange(2, { device })],
  ['randn', (device) => randn([2], { device })],
  ['Tensor.to', (device) => ones([2]).to({ device })],
  ['a module', (device) => new Linear({ inFeatures: 2, outFeatures: 2 }, { device })],
  ['GPT', (device) => new GPT(config, { device })],
];

describe.each(makers)('%s', (_, make) => {
  test.each(['mps', 'cpu:0', 'nonsense', ''])('knows no device "%s"', (device) => {
    expect(() => make(device)).toThrow(ArgumentError);
    expect(() => make(device)).toThrow(/unknown device/);
  });

  test.skipIf(libtorch.device === 'cuda')('says at once that there is no CUDA, and why', () => {
    for (const device of ['cuda', 'cuda:0', 'cuda:7']) expect(() => make(device)).toThrow(DeviceError);
    expect(() => make('cuda')).toThrow(/device cuda cannot be used: /);
  });
});

test('auto is a device that there is', () => {
  expect(ones([1], { device: 'auto' }).device).toBe(engine.device('auto'));
  expect(new GPT(config, { device: 'auto' }).device).toBe(engine.device('auto'));
});

test('what fails on the engine thread says which call it was, and what of its data was wrong', async () => {
  const embedding = new Embedding({ vocabSize: 7, contextLength: 4, width: 4 });
  const outside = tensor([[1, 7]], { dtype: 'int64' });
  const hidden = embedding.forward(outside).mul(2);
  await expect(hidden.toArray()).rejects.toThrow(EngineError);
  await expect(hidden.toArray()).rejects.toThrow('Embedding: a token is outside the vocabulary of 7, 0 to 6');
  const gathered = ones([2, 2]).indexSelect(0, tensor([5], { dtype: 'int64' }));
  await expect(gathered.toArray()).rejects.toThrow(/^indexSelect: index out of range/);
});
