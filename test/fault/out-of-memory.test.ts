import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { addon } from '../../lib/addon/index.js';
import { dropout, engine, Generator, OutOfMemoryError, ones, randn, type Tensor, zeros } from '../../lib/index.js';
import { patience, size } from './forms.js';
import { makeTraining } from './tiny.js';

const MiB = 2 ** 20;
const { failAllocations } = addon.engine;

afterEach(() => {
  failAllocations(0, 0);
  engine.setMemoryBudget(0);
});

/** All that a training run is made of, to go back to. */
function snapshot({ state, optimizer }: ReturnType<typeof makeTraining>): { restore(): void; dispose(): void } {
  const tensors = state();
  const copies = tensors.map((tensor) => tensor.detach().add(0));
  const { steps } = optimizer;
  return {
    restore() {
      for (const [i, tensor] of tensors.entries()) tensor.copyFrom(copies[i] as Tensor);
      optimizer.restoreSteps(steps);
    },
    dispose() {
      for (const copy of copies) copy.dispose();
    },
  };
}

async function failed(read: Promise<unknown>): Promise<boolean> {
  try {
    await read;
    return false;
  } catch (error) {
    if (error instanceof OutOfMemoryError) return true;
    throw error;
  }
}

describe('a budget', () => {
  test('gives an error with the numbers; the process goes on, and so does training', async () => {
    const { step, dispose } = makeTraining();
    await step(0).loss.item();
    await engine.idle();
    const { allocated } = engine.memory();
    engine.setMemoryBudget(allocated + 4 * MiB);
    const tooLarge = zeros([2 * MiB]);
    const told = await tooLarge
      .sum()
      .item()
      .catch((error: unknown) => error);
    expect(told).toBeInstanceOf(OutOfMemoryError);
    expect(told).toMatchObject({ code: 'ERR_OUT_OF_MEMORY' });
    const numbers = /out of memory: (\d+) bytes asked for, (\d+) in use, the budget is (\d+) bytes/.exec(String(told));
    expect(numbers?.slice(1).map(Number)).toEqual([8 * MiB, expect.any(Number), allocated + 4 * MiB]);
    expect(Number(numbers?.[2])).toBeGreaterThanOrEqual(allocated);
    expect(
      await zeros([MiB / 2])
        .sum()
        .item(),
    ).toBe(0);
    for (let i = 1; i < 5; i++) expect(await step(i).loss.item()).toBeGreaterThan(0);
    dispose();
  });

  test('holds for what is kept for later too', async () => {
    engine.trimMemory();
    await engine.idle();
    const { allocated } = engine.memory();
    engine.setMemoryBudget(allocated + 40 * MiB);
    for (const megabytes of [32, 16, 24, 8, 30]) {
      const block = zeros([(megabytes * MiB) / 4]);
      await engine.idle();
      const use = engine.memory();
      expect(use.allocated + use.cached).toBeLessThanOrEqual(use.budget);
      block.dispose();
    }
    await engine.idle();
  });

  test('trimMemory() gives memory back to the system', async () => {
    const blocks = Array.from({ length: 64 }, () => zeros([MiB / 4]));
    await engine.idle();
    for (const block of blocks) block.dispose();
    await engine.idle();
    const before = process.memoryUsage.rss();
    expect(engine.memory().cached).toBeGreaterThanOrEqual(64 * MiB);
    engine.trimMemory();
    expect(engine.memory().cached).toBe(0);
    expect(before - process.memoryUsage.rss()).toBeGreaterThan(48 * MiB);
  });
});

describe('an allocation that fails once', () => {
  test('is tried again by what writes nothing: results and reads are there', async () => {
    await engine.idle();
    failAllocations(0, 1);
    expect(await ones([1000]).sum().item()).toBe(1000);
    const a = ones([1000]).to({ dtype: 'bfloat16' });
    await engine.idle();
    failAllocations(0, 1); // the copy that the read makes
    expect(await a.toArray()).toEqual(new Float32Array(1000).fill(1));
    await engine.idle();
  });

  test('does not shift what is drawn: the second try draws the same', async () => {
    const draw = async () => {
      const generator = new Generator(5);
      const x = randn([100], { generator });
      return [await dropout(x, 0.5, generator).toArray(), await randn([4], { generator }).toArray()];
    };
    const expected = await draw();
    for (let n = 0; n < 4; n++) {
      failAllocations(n, 1);
      expect(await draw()).toEqual(expected);
    }
  });

  test('is not tried again by what writes: parameters and moments are lost, saving them is refused, a reload heals', async () => {
    const training = makeTraining();
    const { model, optimizer, loss, step, dispose } = training;
    const start = snapshot(training);
    const expected = await step(0).loss.item();
    start.restore();
    loss(0).backward();
    await engine.idle();
    failAllocations(0, 1);
    optimizer.step();
    for (const lost of [model.outputWeight, optimizer.namedState()[0]?.[1] as Tensor]) {
      await expect(lost.sum().item()).rejects.toThrow(OutOfMemoryError);
    }
    const folder = await mkdtemp(join(tmpdir(), 'gptorch-fault-'));
    await expect(model.save(join(folder, 'model'))).rejects.toThrow(OutOfMemoryError);
    expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.safetensors'))).toEqual([]);
    await rm(folder, { recursive: true });
    // What depends on them goes on failing, and only that.
    await expect(step(0).loss.item()).rejects.toThrow(OutOfMemoryError);
    expect(await ones([2]).sum().item()).toBe(2);

    start.restore();
    optimizer.zeroGrad();
    expect(await step(0).loss.item()).toBe(expected);
    await engine.idle();
    start.dispose();
    dispose();
  });
});

describe('allocation by allocation', () => {
  test('a forward pass that fails twice fails with OutOfMemoryError, one that fails once succeeds', async () => {
    const { loss, dispose } = makeTraining();
    const expected = await loss().item();
    let allocations = 0;
    for (; allocations < 10_000; allocations++) {
      await engine.idle().catch(() => {});
      failAllocations(allocations, 2);
      if (!(await failed(loss().item()))) break;
    }
    failAllocations(0, 0);
    expect(allocations).toBeGreaterThan(20);
    for (let n = 0; n < allocations; n++) {
      failAllocations(n, 1);
      expect(await loss().item()).toBe(expected);
    }
    await engine.idle();
    dispose();
  });

  test('a training step: the failure is told, and after zeroGrad and a reload the run goes on as if nothing had been', {
    timeout: patience,
  }, async () => {
    const training = makeTraining();
    const { model, optimizer, step, dispose } = training;
    const parameters = () => model.namedParameters().map(([, parameter]) => parameter);
    await step(0).loss.item();
    const start = snapshot(training);
    /** Two steps from the start; the second shows the first one's update. */
    const run = async () => {
      const steps = [step(1), step(2)];
      const values = Promise.all(steps.flatMap(({ loss, norm }) => [loss.item(), norm.item()]));
      for (const { loss, norm } of steps) for (const tensor of [loss, norm]) tensor.dispose();
      return values;
    };
    const expected = await run();
    start.restore();

    const seen = { forward: 0, gradients: 0, parameters: 0 };
    const stride = size({ short: 3, long: 1 });
    for (let n = 0, clean = false; !clean && n < 10_000; n += stride) {
      await engine.idle();
      failAllocations(n, 2);
      const { loss, norm } = step(1);
      const lossFailed = await failed(loss.item());
      const normFailed = await failed(norm.item());
      const lost = (await Promise.all(parameters().map((each) => failed(each.sum().item())))).some(Boolean);
      failAllocations(0, 0);
      for (const tensor of [loss, norm]) tensor.dispose();
      clean = !lossFailed && !normFailed && !lost;
      // A step without its gradient is no step: what fails in forward or backward keeps clipping and update from running.
      if (lossFailed) seen.forward += 1;
      else if (normFailed) seen.gradients += 1;
      else if (lost) seen.parameters += 1;
      // The failure may be that of an operation that none of the values above depends on.
      await engine.idle().catch((error: unknown) => expect(error).toBeInstanceOf(OutOfMemoryError));

      optimizer.zeroGrad();
      start.restore();
      expect(await run()).toEqual(expected);
      start.restore();
    }
    expect(seen.forward).toBeGreaterThan(5);
    expect(seen.gradients).toBeGreaterThan(5);
    expect(seen.parameters).toBeGreaterThan(0);
    start.dispose();
    dispose();
  });

  test('gradients that a failed backward pass left are healed by zeroGrad; the parameters are as they were', async () => {
    const { model, optimizer, loss, dispose } = makeTraining();
    const before = await model.outputWeight.toArray();
    const result = loss();
    await result.item();
    failAllocations(0, 1);
    result.backward();
    await engine.idle().catch(() => {});
    await expect(model.outputWeight.grad().toArray()).rejects.toThrow(OutOfMemoryError);
    expect(await model.outputWeight.toArray()).toEqual(before);
    optimizer.zeroGrad();
    loss().backward();
    expect(await model.outputWeight.grad().abs().sum().item()).toBeGreaterThan(0);
    dispose();
  });
});
