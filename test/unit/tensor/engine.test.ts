import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import {
  AdamW,
  autocast,
  DisposedError,
  dropout,
  EngineError,
  EngineQueueFullError,
  engine,
  Generator,
  GPT,
  keep,
  noGrad,
  OutOfMemoryError,
  ones,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../../../lib/index.js';

const outOfRange = () => zeros([3]).indexSelect(0, tensor([9], { dtype: 'int64' }));

/** Hands back what earlier tests left, so that it does not happen between two measurements. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let i = 0; i < 3; i++) {
    collect();
    await setImmediate();
  }
}

test('a seed begins anew, and a tensor kept in an inner scope outlives the outer one', async () => {
  engine.seed(3);
  const draw = () => engine.generator.take();
  const first = draw();
  engine.setStep(4);
  draw();
  engine.seed(3);
  expect(draw()).toEqual(first);
  const kept: Tensor[] = [];
  scope(() => {
    const outer = ones([2]);
    scope(() => void kept.push(keep(outer)));
  });
  expect(await kept[0]?.sum().item()).toBe(2);
});

test('numbers that travel as float32 leave nothing of it', async () => {
  await engine.idle();
  const { held } = engine.memory();
  const half = tensor(new Float32Array(1000), { dtype: 'bfloat16' });
  await engine.idle();
  expect(engine.memory().held - held).toBeLessThan(4000);
  half.dispose();
});

test('mixed precision within noGrad records no gradients; a second backward pass needs the graph kept', async () => {
  const weight = tensor([1, 2], { requiresGrad: true });
  expect(noGrad(() => autocast('bfloat16', () => weight.mul(2).requiresGrad))).toBe(false);
  const loss = weight.pow(2).sum();
  loss.backward();
  loss.backward();
  await expect(weight.grad().toArray()).rejects.toThrow('does not require grad');
  await engine.idle().catch(() => {});
});

describe('errors follow the data', () => {
  test('a failure reaches whoever awaits a dependant, and nobody else', async () => {
    const broken = outOfRange();
    const dependant = broken.add(1).sum();
    const other = ones([2]).sum();
    await expect(other.item()).resolves.toBe(2);
    await expect(dependant.item()).rejects.toThrow(EngineError);
    await expect(dependant.item()).rejects.toThrow(/index/);
    await expect(engine.idle()).resolves.toBeUndefined();
  });

  test('one that nobody awaited is told by idle(), once', async () => {
    outOfRange();
    await expect(engine.idle()).rejects.toThrow(EngineError);
    await expect(engine.idle()).resolves.toBeUndefined();
  });

  test('a failed backward pass spoils the gradients until zeroGrad, not the parameters', async () => {
    const model = new GPT({ vocabSize: 5, contextLength: 4, layers: 1, heads: 1, width: 4 });
    const optimizer = new AdamW(model.namedParameters());
    const tokens = tensor([[0, 1]], { dtype: 'int64' });
    model.loss(tokens, tensor([[1, 99]], { dtype: 'int64' })).backward();
    const grad = model.outputWeight.grad();
    await expect(grad.toArray()).rejects.toThrow(/outside the vocabulary of 5/);
    optimizer.zeroGrad();
    const loss = model.loss(tokens, tensor([[1, 2]], { dtype: 'int64' }));
    loss.backward();
    optimizer.step();
    expect(await loss.item()).toBeGreaterThan(0);
    expect(await model.outputWeight.sum().item()).not.toBeNaN();
    model.dispose();
  });
});

describe('lifetimes', () => {
  test('use after dispose throws at once; a second dispose does nothing', () => {
    const a = ones([2]);
    a.dispose();
    a.dispose();
    expect(() => a.add(1)).toThrow(DisposedError);
    expect(() => a.item()).toThrow(DisposedError);
  });

  test('a scope frees what it does not return, also when it throws', async () => {
    const inner: Tensor[] = [];
    const kept = scope(() => {
      inner.push(ones([4]));
      return { sum: (inner[0] as Tensor).sum(), pair: [ones([1])] };
    });
    expect(() => inner[0]?.sum()).toThrow(DisposedError);
    expect(await kept.sum.item()).toBe(4);
    expect(await kept.pair[0]?.item()).toBe(1);
    expect(() =>
      scope(() => {
        inner.push(ones([4]));
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(() => inner[1]?.sum()).toThrow(DisposedError);
  });

  test('what an inner scope returns belongs to the outer one', () => {
    let escaped: Tensor | undefined;
    scope(() => {
      escaped = scope(() => ones([1]));
      escaped.add(1);
    });
    expect(() => escaped?.add(1)).toThrow(DisposedError);
  });

  test('an asynchronous scope is refused', () => {
    expect(() => scope(async () => ones([1]))).toThrow('must be synchronous');
  });

  test('memory is accounted by storage: a view adds nothing', async () => {
    await collectGarbage();
    await engine.idle();
    const before = engine.memory();
    const a = zeros([1 << 20]);
    const view = a.reshape(1 << 10, 1 << 10);
    await engine.idle();
    const during = engine.memory();
    expect(during.held - before.held).toBe(4 << 20);
    expect(during.allocated - before.allocated).toBeGreaterThanOrEqual(4 << 20);
    expect(during.allocated - before.allocated).toBeLessThan(5 << 20);
    a.dispose();
    view.dispose();
    await engine.idle();
    expect(engine.memory().held).toBe(before.held);
    expect(engine.memory().allocated).toBe(before.allocated);
  });
});

describe('limits', () => {
  afterEach(() => {
    engine.setLimits({ operations: 16384, bytes: 2 ** 30 });
    engine.setMemoryBudget(0);
  });

  test('a full queue refuses new work before any effect, lets dispose in, and has room again after drained()', async () => {
    await engine.idle();
    const slow = randn([700, 700]);
    const made: Tensor[] = [];
    engine.setLimits({ operations: 4, bytes: 2 ** 30 });
    expect(() => {
      for (let i = 0; i < 1000; i++) made.push(slow.matmul(slow));
    }).toThrow(EngineQueueFullError);
    for (const tensor of made) tensor.dispose();
    await engine.drained();
    expect(await ones([3]).sum().item()).toBe(3);
  });

  test('beyond the memory budget an operation fails with the numbers, and the process goes on', async () => {
    await engine.idle();
    engine.setMemoryBudget(engine.memory().allocated + (1 << 20));
    await expect(
      zeros([1 << 20])
        .sum()
        .item(),
    ).rejects.toThrow(OutOfMemoryError);
    await expect(
      zeros([1 << 20])
        .sum()
        .item(),
    ).rejects.toThrow(/4194304 bytes asked for, \d+ in use, the budget is/);
    expect(await ones([8]).sum().item()).toBe(8);
  });
});

describe('generators', () => {
  test('the same state gives the same numbers, the next draw others', async () => {
    const generator = new Generator(3);
    generator.setStep(5);
    const state = generator.state();
    const first = await randn([64], { generator }).toArray();
    const second = await randn([64], { generator }).toArray();
    generator.restore(state);
    expect(await randn([64], { generator }).toArray()).toEqual(first);
    expect(second).not.toEqual(first);
  });

  test('dropout in a step does not depend on draws in another', async () => {
    const x = ones([1000]);
    const at = async (before: number) => {
      const generator = new Generator(1);
      for (let i = 0; i < before; i++) generator.take();
      generator.setStep(2);
      return dropout(x, 0.5, generator).toArray();
    };
    expect(await at(0)).toEqual(await at(7));
  });

  test('dropout keeps the mean', async () => {
    const mean = await dropout(ones([100_000]), 0.3, new Generator(4))
      .mean()
      .item();
    // Standard error √(0.3 / 0.7 / 100,000) ≈ 0.002
    expect(Math.abs(mean - 1)).toBeLessThan(0.01);
  });
});
