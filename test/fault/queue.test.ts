import { afterEach, expect, test } from 'vitest';
import {
  ArgumentError,
  dropout,
  Embedding,
  EngineQueueFullError,
  engine,
  Generator,
  ones,
  rand,
  randn,
  sample,
  type Tensor,
  tensor,
} from '../../lib/index.js';
import { makeTraining } from './tiny.js';

const LIMIT = 8;

afterEach(() => engine.setLimits({ operations: 16_384, bytes: 2 ** 30 }));

/**
 * A queue that stays full for about a second: far more work than the limit, which is set after it was queued.
 * The returned function waits for the end of it.
 */
async function fillQueue(): Promise<() => Promise<void>> {
  const matrix = ones([600, 600]);
  for (let i = 0; i < 100; i++) matrix.matmul(matrix).dispose();
  engine.setLimits({ operations: LIMIT, bytes: 2 ** 30 });
  return async () => {
    engine.setLimits({ operations: 16_384, bytes: 2 ** 30 });
    matrix.dispose();
    await engine.idle();
  };
}

test('a full queue refuses before any effect: nothing is queued, nothing drawn, nothing made', async () => {
  const generator = new Generator(3);
  const embedding = new Embedding({ vocabSize: 5, contextLength: 4, width: 8, dropout: 0.5 });
  const tokens = tensor([[1, 2]], { dtype: 'int64' });
  const x = ones([1, 10]);
  const release = await fillQueue();
  const { queued } = engine;
  const state = generator.state();
  const calls: (() => unknown)[] = [
    () => ones([2]),
    () => tensor([1, 2, 3]),
    () => x.add(1),
    () => randn([4], { generator }),
    () => rand([4], { generator }),
    () => dropout(x, 0.5, generator),
    () => sample(x, { generator }),
    () => embedding.forward(tokens, { training: true, generator }),
    () => new Embedding({ vocabSize: 5, contextLength: 4, width: 8 }, { generator }),
  ];
  for (const call of calls) {
    expect(call).toThrow(EngineQueueFullError);
    expect(call).toThrow(/\d+ of 8 operations .* await engine\.drained\(\) before more work/);
  }
  expect(engine.queued).toBeLessThanOrEqual(queued);
  expect(generator.state()).toEqual(state);
  await release();
  expect(await x.sum().item()).toBe(10);
});

test('a refused argument draws nothing either', () => {
  const generator = new Generator(3);
  expect(() => randn([-1], { generator })).toThrow(ArgumentError);
  expect(() => dropout(ones([2]), 7, generator)).toThrow(ArgumentError);
  expect(generator.state()).toEqual(new Generator(3).state());
});

test('backward, clipping, step, zeroGrad, reads and dispose enter a full queue: a step that was begun can be ended', async () => {
  const { model, loss, optimizer, dispose } = makeTraining();
  const expected = await loss().item();
  const result = loss();
  const before = await model.outputWeight.sum().item();
  const release = await fillQueue();
  expect(() => ones([1])).toThrow(EngineQueueFullError);
  result.backward();
  optimizer.step();
  optimizer.zeroGrad();
  const read = result.item();
  result.dispose();
  expect(await read).toBe(expected);
  await release();
  expect(await model.outputWeight.sum().item()).not.toBe(before);
  dispose();
});

test('what only frees memory counts against no limit: the garbage collector may hand back any number at once', async () => {
  const made = Array.from({ length: 1000 }, () => ones([1]));
  const matrix = ones([600, 600]);
  await engine.idle();
  engine.setLimits({ operations: LIMIT, bytes: 2 ** 30 });
  for (let i = 0; i < LIMIT / 2; i++) matrix.matmul(matrix).dispose();
  for (const tensor of made) tensor.dispose();
  expect(engine.queued).toBeLessThanOrEqual(LIMIT / 2);
  expect(await ones([3]).sum().item()).toBe(3);
  matrix.dispose();
});

test('after drained() there is room, and a producer that waits for it is never refused again', async () => {
  const matrix = ones([64, 64]);
  await engine.idle();
  engine.setLimits({ operations: 32, bytes: 2 ** 30 });
  let refusals = 0;
  const made: Tensor[] = [];
  while (made.length < 500) {
    try {
      made.push(matrix.matmul(matrix));
    } catch (error) {
      expect(error).toBeInstanceOf(EngineQueueFullError);
      refusals += 1;
      await engine.drained();
      expect(engine.queued).toBeLessThanOrEqual(16);
    }
  }
  expect(refusals).toBeGreaterThan(0);
  engine.setLimits({ operations: 16_384, bytes: 2 ** 30 });
  expect(await (made.at(-1) as Tensor).max().item()).toBe(64);
  for (const tensor of made) tensor.dispose();
});

test('bytes of uploads are bounded; one upload larger than the bound enters when it is alone', async () => {
  const release = await fillQueue();
  engine.setLimits({ operations: 1000, bytes: 1000 });
  const first = tensor(new Float32Array(500).fill(2));
  expect(() => tensor(new Float32Array(10))).toThrow(/2000 of 1000 bytes are queued; await engine\.drained\(\)/);
  expect(() => ones([2]).dispose()).not.toThrow();
  await engine.drained();
  const second = tensor(new Float32Array(10).fill(3));
  await release();
  expect(await first.sum().item()).toBe(1000);
  expect(await second.sum().item()).toBe(30);
});

test('drained() settles at once when there is room, and for everyone who waits', async () => {
  await engine.idle();
  await engine.drained();
  const release = await fillQueue();
  await Promise.all(Array.from({ length: 10 }, () => engine.drained()));
  expect(engine.queued).toBeLessThanOrEqual(LIMIT / 2);
  await release();
});
