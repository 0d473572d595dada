import { expect, test } from 'vitest';
import { crossEntropy, EngineError, engine, ones, scope, type Tensor, tensor, where, zeros } from '../../lib/index.js';

/** Fails on the engine thread; the message names the target. */
const fail = (target = 9) => crossEntropy(zeros([1, 3]), tensor([target], { dtype: 'int64' }));

test('a failure reaches exactly its dependants, whatever is awaited at the same time and in which order', async () => {
  const good = ones([2]);
  const bad = fail();
  const values: [Tensor, 'good' | 'bad'][] = [
    [good.add(1), 'good'],
    [bad.add(1), 'bad'],
    [bad.add(1).mul(2).sum(), 'bad'],
    [good.mul(2).sum(), 'good'],
    [where(bad.gt(0), ones([1]), zeros([1])), 'bad'],
    [good, 'good'],
    [bad.detach(), 'bad'],
  ];
  const outcomes = await Promise.allSettled(values.toReversed().map(([value]) => value.toArray()));
  const told = outcomes.toReversed().map(({ status }) => (status === 'fulfilled' ? 'good' : 'bad'));
  expect(told).toEqual(values.map(([, expected]) => expected));
  await engine.idle();
});

test('each of several failures reaches its own dependants', async () => {
  const [first, second] = [fail(7), fail(8)];
  const messages = await Promise.all(
    [first, second, first].map((each) =>
      each
        .add(1)
        .sum()
        .item()
        .catch((error: Error) => error.message),
    ),
  );
  expect(messages[0]).toMatch(/\b7\b/);
  expect(messages[1]).toMatch(/\b8\b/);
  expect(messages[2]).toBe(messages[0]);
  await engine.idle();
});

test('a failed tensor is good again once it is overwritten, and its older dependants stay failed', async () => {
  const target = zeros([]);
  target.copyFrom(fail());
  const before = target.add(1);
  await expect(target.item()).rejects.toThrow(EngineError);
  target.fill(3);
  expect(await target.item()).toBe(3);
  await expect(before.item()).rejects.toThrow(EngineError);
  await engine.idle();
});

test('of failures that nobody asked for idle() tells the first, once', async () => {
  await engine.idle();
  for (const target of [7, 8, 9]) fail(target).dispose();
  for (let i = 0; i < 500; i++) scope(() => void fail(8));
  await expect(engine.idle()).rejects.toThrow(/\b7\b/);
  await expect(engine.idle()).resolves.toBeUndefined();
});
