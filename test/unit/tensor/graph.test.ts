import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addon } from '../../../lib/addon/index.js';
import {
  AdamW,
  ArgumentError,
  clipGradNorm,
  DisposedError,
  dropout,
  EngineQueueFullError,
  engine,
  Generator,
  GPT,
  keep,
  noGrad,
  ones,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../../../lib/index.js';

afterEach(() => {
  engine.setLimits({ operations: 16384, bytes: 2 ** 30 });
});

const values = async (t: Tensor) => Array.from(await t.toArray(), Number);

describe('a graph', () => {
  test('computes nothing while it is captured, and everything at each replay', async () => {
    const input = tensor([1, 2, 3]);
    const total = zeros([]);
    const graph = engine.capture(() => {
      const sum = input.mul(2).sum();
      total.copyFrom(total.add(sum));
      return sum;
    });
    await expect(total.item()).resolves.toBe(0);
    graph.replay();
    await expect(graph.value.item()).resolves.toBe(12);
    input.copyFrom(tensor([10, 20, 30]));
    graph.replay();
    await expect(graph.value.item()).resolves.toBe(120);
    await expect(total.item()).resolves.toBe(132);
    expect(graph.launches).toBe(0);
  });

  test('gives values of the replay that a read was asked behind', async () => {
    const count = zeros([]);
    const graph = engine.capture(() => {
      count.copyFrom(count.add(1));
      return { twice: count.mul(2) };
    });
    const read: Promise<number>[] = [];
    for (let i = 0; i < 5; i++) {
      graph.replay();
      read.push(graph.value.twice.item());
    }
    await expect(Promise.all(read)).resolves.toEqual([2, 4, 6, 8, 10]);
  });

  test('has no values before its first replay', async () => {
    const graph = engine.capture(() => ones([2]).sum());
    await expect(graph.value.item()).rejects.toThrow(/before the first replay/);
    const later = graph.value.add(1);
    await expect(later.item()).rejects.toThrow(ArgumentError);
    graph.replay();
    await expect(graph.value.add(1).item()).resolves.toBe(3);
  });

  test('frees what the function made and did not return, at each replay', async () => {
    const input = zeros([1 << 18]); // 1 MiB
    const graph = engine.capture(() => input.add(1).mul(2).sum());
    graph.replay();
    await graph.value.item();
    const before = engine.memory();
    for (let i = 0; i < 20; i++) graph.replay();
    await engine.idle();
    expect(engine.memory().allocated - before.allocated).toBeLessThan(1 << 16);
    expect(engine.memory().held - before.held).toBe(0);
  });

  test('ends scopes where they ended in the function', async () => {
    const input = zeros([1 << 20]); // 4 MiB
    const graph = engine.capture(() => {
      let sum = zeros([]);
      for (let i = 0; i < 8; i++) sum = scope(() => sum.add(input.add(1).sum()));
      return sum;
    });
    await engine.idle();
    const { allocated } = engine.memory();
    engine.resetMemoryPeak();
    graph.replay();
    await expect(graph.value.item()).resolves.toBe(8 * (1 << 20));
    expect(engine.memory().peak - allocated).toBeLessThan(6 << 20);
  });

  test('keeps what keep() took out of it', async () => {
    const kept: Tensor[] = [];
    const graph = engine.capture(() => {
      kept.push(keep(ones([3]).mul(4)));
    });
    graph.replay();
    expect(await values(kept[0] ?? zeros([]))).toEqual([4, 4, 4]);
  });

  test('holds its results until it is disposed of; they live on', async () => {
    const graph = engine.capture(() => ones([4]).add(1));
    graph.replay();
    graph.dispose();
    graph.dispose();
    expect(await values(graph.value)).toEqual([2, 2, 2, 2]);
    expect(() => graph.replay()).toThrow(DisposedError);
  });

  test('does not replay when something that it uses was freed', async () => {
    const input = ones([2]);
    const model = new GPT({ vocabSize: 5, contextLength: 4, layers: 1, heads: 1, width: 4 });
    const tokens = tensor([[0, 1]], { dtype: 'int64' });
    const sum = engine.capture(() => input.sum());
    const logits = engine.capture(() => noGrad(() => model.forward(tokens)));
    input.dispose();
    model.dispose();
    expect(() => sum.replay()).toThrow(/disposed of/);
    expect(() => logits.replay()).toThrow(DisposedError);
  });

  test('gives results without a history', async () => {
    const weight = tensor([1, 2], { requiresGrad: true });
    const graph = engine.capture(() => weight.mul(3).sum());
    graph.replay();
    expect(graph.value.requiresGrad).toBe(false);
    expect(() => graph.value.backward()).toThrow(ArgumentError);
    await expect(graph.value.item()).resolves.toBe(9);
  });

  test('counts once against the limit of the queue, and is refused when it is full', async () => {
    const input = randn([64, 64]);
    const graph = engine.capture(() => {
      let x = input.matmul(input);
      for (let i = 0; i < 40; i++) x = scope(() => x.matmul(input));
      return x.sum();
    });
    await engine.idle();
    engine.setLimits({ operations: 4, bytes: 1 << 20 });
    const state = engine.generatorState();
    let replays = 0;
    const refused = () => {
      for (; replays < 100; replays++) graph.replay();
    };
    expect(refused).toThrow(EngineQueueFullError);
    expect(replays).toBeGreaterThanOrEqual(4);
    expect(engine.generatorState()).toEqual(state);
    await engine.drained();
    graph.replay();
    await engine.idle();
  });
});

describe('engine.capture refuses', () => {
  const cases: [name: string, call: () => unknown, message: RegExp][] = [
    ['item', () => ones([]).item(), /^item: cannot be called inside engine\.capture/],
    ['tensor', () => tensor([1]), /^fromData: cannot be called inside engine\.capture/],
    ['randn', () => randn([2]), /^randn: draws random numbers/],
    ['another generator', () => dropout(ones([2]), 0.5, new Generator(3)), /only the engine's own generator draws/],
    ['setStep', () => engine.setStep(3), /^Generator\.setStep: cannot be called inside/],
    ['a capture', () => engine.capture(() => {}), /^engine\.capture: cannot be called inside engine\.capture/],
    ['idle', () => engine.idle(), /^engine\.idle: cannot be called/],
    ['a module', () => new GPT({ vocabSize: 3, contextLength: 2, layers: 1, heads: 1, width: 2 }), /cannot be called/],
    ['a promise', async () => {}, /^engine\.capture: the function must be synchronous/],
    ['setThreads', () => engine.setThreads(1), /^engine\.setThreads: cannot be called/],
  ];
  test.each(cases)('%s inside', async (_, call, message) => {
    expect(() => engine.capture(call)).toThrow(ArgumentError);
    expect(() => engine.capture(call)).toThrow(message);
    await expect(ones([2]).sum().item()).resolves.toBe(2);
  });

  test('toArray inside, by its promise', async () => {
    const reads: Promise<unknown>[] = [];
    engine.capture(() => {
      reads.push(expect(ones([2]).toArray()).rejects.toThrow(/^toArray: cannot be called inside engine\.capture/));
    });
    await Promise.all(reads);
  });

  test('a replay inside', () => {
    const graph = engine.capture(() => ones([1]));
    expect(() => engine.capture(() => graph.replay())).toThrow(/^replay: cannot be called inside/);
  });

  test('to free a tensor from before', async () => {
    const input = ones([2]);
    expect(() => engine.capture(() => input.dispose())).toThrow(/only tensors that were made there/);
    await expect(input.sum().item()).resolves.toBe(2);
  });
});

describe('when the function throws', () => {
  test('nothing has happened', async () => {
    const weight = tensor([1, 2], { requiresGrad: true });
    const state = engine.generatorState();
    const made: Tensor[] = [];
    const capture = () =>
      engine.capture(() => {
        made.push(keep(dropout(weight, 0.5)));
        made.push(weight.mul(2));
        weight.fill(7);
        throw new RangeError('mine');
      });
    expect(capture).toThrow(RangeError);
    expect(engine.generatorState()).toEqual(state);
    expect(await values(weight)).toEqual([1, 2]);
    for (const each of made) expect(() => each.add(1)).toThrow(DisposedError);
    await expect(engine.idle()).resolves.toBeUndefined();
  });
});

describe('dropout in a graph', () => {
  test('drops what the calls would drop, made at the replay', async () => {
    const input = ones([1000]);
    const calls = () => [dropout(input, 0.3), dropout(input, 0.3)];
    engine.seed(5);
    const graph = engine.capture(calls);
    for (const [seed, step, before] of [
      [5, 0, 0],
      [5, 3, 0],
      [5, 3, 1],
      [9, 2 ** 33, 2],
    ] as const) {
      engine.setGeneratorState({ seed, step, ordinal: before });
      const expected = calls();
      engine.setGeneratorState({ seed, step, ordinal: before });
      graph.replay();
      expect(engine.generatorState()).toEqual({ seed, step, ordinal: before + 2 });
      for (const [i, mask] of graph.value.entries())
        expect(await values(mask)).toEqual(await values(expected[i] ?? mask));
    }
  });

  test('drops the same in the backward pass', async () => {
    const weight = tensor(new Float32Array(500).fill(1), { requiresGrad: true });
    const graph = engine.capture(() => {
      const dropped = dropout(weight, 0.5);
      dropped.sum().backward();
      const grad = weight.grad();
      return { dropped, grad };
    });
    graph.replay();
    expect(await values(graph.value.grad)).toEqual(await values(graph.value.dropped));
    await engine.idle();
  });
});

/** A stand-in for a device's graphs: on a GPU the third replay would be the first launch. */
describe('on a device that records, gradients', () => {
  beforeEach(() => addon.engine.standInForGraphs(true));
  afterEach(() => addon.engine.standInForGraphs(false));

  const pair = () => {
    const weight = tensor([1, 2], { requiresGrad: true });
    const factors = tensor([3, 4]);
    const optimizer = new AdamW(new Map([['weight', weight]]), { weightDecay: 0 });
    return { factors, optimizer, backward: () => weight.mul(factors).sum().backward(), gradient: () => weight.grad() };
  };

  test('that are dropped at the end are launched', async () => {
    const { optimizer, backward, gradient } = pair();
    const graph = engine.capture(() => {
      backward();
      const found = gradient();
      optimizer.zeroGrad();
      return found;
    });
    for (let i = 0; i < 5; i++) graph.replay();
    expect(await values(graph.value)).toEqual([3, 4]);
    expect(graph.launches).toBe(3);
  });

  test('that others left are added to: nothing is launched any more', async () => {
    const { factors, optimizer, backward, gradient } = pair();
    const graph = engine.capture(() => {
      backward();
      const found = gradient();
      optimizer.zeroGrad();
      return found;
    });
    for (let i = 0; i < 4; i++) graph.replay();
    backward();
    factors.copyFrom(tensor([10, 20]));
    graph.replay();
    expect(await values(graph.value)).toEqual([13, 24]);
    graph.replay();
    expect(await values(graph.value)).toEqual([10, 20]);
    expect(graph.launches).toBe(2);
  });

  test('that are left are not launched: the next call would not see them', async () => {
    const { optimizer, backward, gradient } = pair();
    const graph = engine.capture(backward);
    for (let i = 0; i < 5; i++) {
      graph.replay();
      expect(await values(gradient())).toEqual([3, 4]);
      optimizer.zeroGrad();
    }
    expect(graph.launches).toBe(0);
  });

  test('of others do not matter to what uses none', async () => {
    const { factors, backward } = pair();
    const graph = engine.capture(() => factors.sum());
    backward();
    for (let i = 0; i < 5; i++) graph.replay();
    expect(await graph.value.item()).toBe(7);
    expect(graph.launches).toBe(3);
  });
});

describe('a training step in a graph', () => {
  const config = { vocabSize: 11, contextLength: 8, layers: 2, heads: 2, width: 16, residualDropout: 0.1 };
  const lrs = [0.01, 0.02, 0.005, 0.01, 0.003, 0.001];
  const batch = (i: number) => tensor([[1, 2, 3, 4].map((x) => (x * (i + 3)) % 11)], { dtype: 'int64' });

  async function train(captured: boolean): Promise<{ losses: number[]; weight: number[] }> {
    const model = new GPT(config, { seed: 1 });
    model.train();
    const optimizer = new AdamW(model.namedParameters(), { weightDecay: 0.1 });
    const inputs = zeros([1, 4], { dtype: 'int64' });
    const step = () => {
      const loss = model.loss(inputs, inputs);
      loss.backward();
      clipGradNorm(model.namedParameters(), 0.5);
      return loss;
    };
    const update = (lr?: number) => {
      optimizer.step(lr === undefined ? {} : { lr });
      optimizer.zeroGrad();
    };
    engine.seed(4);
    const graph = captured
      ? engine.capture(() => {
          const loss = step();
          update();
          return loss;
        })
      : undefined;
    const losses: number[] = [];
    for (const [i, lr] of lrs.entries()) {
      engine.setStep(i);
      inputs.copyFrom(batch(i));
      if (graph) {
        optimizer.advance({ lr });
        graph.replay();
        losses.push(await graph.value.item());
      } else {
        const loss = step();
        update(lr);
        losses.push(await loss.item());
      }
    }
    expect(optimizer.steps).toBe(lrs.length);
    return { losses, weight: await values(model.outputWeight) };
  }

  test('has the same bits as call by call: dropout, clipping, learning rate, moments', async () => {
    expect(await train(true)).toEqual(await train(false));
  });

  test('takes its learning rate from advance()', () => {
    const weight = new GPT({ vocabSize: 5, contextLength: 4, layers: 1, heads: 1, width: 4 });
    const optimizer = new AdamW(weight.namedParameters());
    expect(() => engine.capture(() => optimizer.step({ lr: 1 }))).toThrow(/lr is given to advance/);
  });
});
