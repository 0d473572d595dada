import { expect, test } from 'vitest';
import {
  DisposedError,
  engine,
  GPT,
  type KeyValueCache,
  keep,
  Linear,
  ones,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../../lib/index.js';
import { makeTraining } from './tiny.js';

test('what backward needs outlives the handles: intermediate values, inputs and the loss may be disposed of first', async () => {
  const gradient = async (disposes: boolean) => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const square = x.mul(x);
    const cube = square.mul(x);
    const loss = cube.sum();
    if (disposes) for (const each of [square, cube]) each.dispose();
    loss.backward();
    if (disposes) loss.dispose();
    return x.grad().toArray();
  };
  expect(await gradient(true)).toEqual(new Float32Array([3, 12, 27]));
  expect(await gradient(true)).toEqual(await gradient(false));
});

test('a disposed loss has no backward pass; the call says so and changes nothing', async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const loss = x.sum();
  loss.dispose();
  expect(() => loss.backward()).toThrow(DisposedError);
  await expect(x.grad().toArray()).rejects.toThrow('no backward pass has reached this tensor');
});

test('a second dispose frees nothing twice: the memory is the same to the byte', async () => {
  await engine.idle();
  const { allocated, held } = engine.memory();
  const a = ones([1000]);
  const view = a.reshape(10, 100);
  for (let i = 0; i < 3; i++) a.dispose();
  expect(await view.sum().item()).toBe(1000);
  view.dispose();
  view.dispose();
  const model = new GPT({ vocabSize: 5, contextLength: 4, layers: 1, heads: 1, width: 4 });
  model.dispose();
  model.dispose();
  await engine.idle();
  // The two sums that no handle is left of are small; the garbage collector may or may not have come yet.
  expect(engine.memory().held - held).toBeLessThanOrEqual(8);
  expect(engine.memory().allocated - allocated).toBeLessThanOrEqual(128);
});

test('every use after dispose throws at once, and names the call and the tensor', () => {
  const a = ones([2, 2]);
  const b = ones([2, 2]);
  a.dispose();
  const uses: [string, () => unknown][] = [
    ['add', () => a.add(1)],
    ['add', () => b.add(a)],
    ['matmul', () => b.matmul(a)],
    ['item', () => a.item()],
    ['copy', () => b.copyFrom(a)],
    ['copy', () => a.copyFrom(b)],
    ['fill', () => a.fill(0)],
    ['to', () => a.to({ dtype: 'float64' })],
    ['backward', () => a.backward()],
  ];
  for (const [name, use] of uses) {
    expect(use).toThrow(DisposedError);
    expect(use).toThrow(`${name}: a tensor float32 (2, 2) on cpu was used after dispose()`);
  }
  // The description stays readable: it is what error messages and logs ask for.
  expect(a.shape).toEqual([2, 2]);
});

test('toArray() of a disposed tensor rejects', async () => {
  const a = ones([2]);
  a.dispose();
  await expect(a.toArray()).rejects.toThrow(DisposedError);
});

test('a read that was asked for gives its values, though the tensor is disposed of while it waits', async () => {
  const big = randn([300, 300]);
  const product = big.matmul(big);
  const reads = [product.sum().item(), product.toArray(), product.toArray()] as const;
  product.dispose();
  big.dispose();
  const [sum, first, second] = await Promise.all(reads);
  expect(first).toEqual(second);
  expect((first as Float32Array).reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 0);
});

test('a module disposed of while its forward pass waits: the pass is made, the next one throws', async () => {
  const layer = new Linear({ inFeatures: 4, outFeatures: 3 });
  layer.parameter('weight').fill(1);
  const weight = layer.parameter('weight');
  const output = layer.forward(ones([2, 4])); // (2, 3)
  const loss = output.sum();
  layer.dispose();
  loss.backward();
  expect(await output.toArray()).toEqual(new Float32Array(6).fill(4));
  expect(() => layer.forward(ones([2, 4]))).toThrow(DisposedError);
  expect(() => weight.sum()).toThrow("was used after its module's dispose()");
});

test('an optimizer outliving its model says so', () => {
  const { model, optimizer, dispose } = makeTraining();
  model.dispose();
  expect(() => optimizer.step()).toThrow(DisposedError);
  expect(() => optimizer.zeroGrad()).toThrow("was used after its module's dispose()");
  dispose();
});

test('a parameter kept on its own keeps its module', async () => {
  const weight = new Linear({ inFeatures: 2, outFeatures: 2 }).parameter('weight');
  weight.fill(3);
  // Enough work for the garbage collector to come by.
  for (let i = 0; i < 200; i++) {
    zeros([1 << 18]);
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await weight.sum().item()).toBe(12);
});

test('a model and its optimizer may be made in a scope: they are not freed with it', async () => {
  const made = new Map<string, ReturnType<typeof makeTraining>>();
  scope(() => made.set('run', makeTraining()));
  const { model, optimizer } = made.get('run') as ReturnType<typeof makeTraining>;
  const tokens = tensor([[0, 1]], { dtype: 'int64' });
  const loss = model.loss(tokens, tensor([[1, 2]], { dtype: 'int64' }));
  loss.backward();
  optimizer.step();
  expect(await loss.item()).toBeGreaterThan(0);
  expect(await model.outputWeight.sum().item()).not.toBeNaN();
});

test("a key-value cache is its scope's, unless its tensors are kept", async () => {
  const model = new GPT({ vocabSize: 5, contextLength: 4, layers: 1, heads: 1, width: 4 }).eval();
  const tokens = tensor([[0, 1]], { dtype: 'int64' });
  const caches: KeyValueCache[] = [];
  scope(() => {
    caches.push(model.makeCache(), model.makeCache());
    keep(caches[1]?.layers);
  });
  const [lost, kept] = caches;
  expect(() => model.forward(tokens, { cache: lost })).toThrow(/keep\(\) it/);
  expect(await model.forward(tokens, { cache: kept }).sum().item()).not.toBeNaN();
  kept?.dispose();
  model.dispose();
});

test('keep() takes tensors out of every open scope', async () => {
  const cache = new Map<string, Tensor>();
  scope(() => {
    scope(() => {
      cache.set('kept', keep(ones([2]).mul(2)));
      cache.set('lost', ones([2]));
      const pair = keep({ a: ones([1]), rest: [ones([3])] });
      cache.set('a', pair.a).set('b', pair.rest[0] as Tensor);
    });
    ones([1]);
  });
  const sums = ['kept', 'a', 'b'].map((name) => cache.get(name)?.sum().item());
  expect(await Promise.all(sums)).toEqual([4, 1, 3]);
  expect(() => cache.get('lost')?.sum()).toThrow(DisposedError);
  expect(() => cache.get('lost')?.sum()).toThrow(/used after the scope\(\) that it was made in; .*keep\(\)/);
  const kept = cache.get('kept') as Tensor;
  kept.dispose();
  expect(() => kept.sum()).toThrow('was used after dispose()');
});

test('keep() outside a scope changes nothing, and of no tensor is a mistake', async () => {
  const a = ones([2]);
  expect(keep(a)).toBe(a);
  expect(await a.sum().item()).toBe(2);
  expect(() => keep(new Map([['a', a]]))).toThrow('keep: no tensor was given');
});
