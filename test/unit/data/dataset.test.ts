import { describe, expect, it } from 'vitest';
import { type Dataset, mapDataset, splitDataset, TaskBatches, TokenWindows } from '../../../lib/data/index.js';
import { take } from './temporary-folder.js';

const options = { tokens: 50, contextLength: 4, batchSize: 2, order: 'epoch' as const };

it('mapDataset converts items and leaves length and state as they are', async () => {
  const mapped = mapDataset(new TokenWindows(options), async ({ offsets }) => offsets.join());
  const plain = new TokenWindows(options);
  expect(mapped.length).toBe(plain.length);
  expect(await take(mapped, 5)).toEqual((await take(plain, 5)).map(({ offsets }) => offsets.join()));
  expect(mapped.state()).toEqual(plain.state());
  mapped.restore(new TokenWindows(options).state());
  expect(await take(mapped, 1)).toEqual(
    (await take(new TokenWindows(options), 1)).map(({ offsets }) => offsets.join()),
  );
});

it('mapDataset reads nothing ahead: the state is that of the item in hand', async () => {
  const dataset = new TokenWindows(options);
  const iterator = mapDataset(dataset, (batch) => batch)[Symbol.asyncIterator]();
  await iterator.next();
  expect(dataset.state()).toMatchObject({ epoch: 0, batch: 1 });
});

it("a class of one's own is a Dataset", async () => {
  class Numbers implements Dataset<number> {
    #next = 0;
    state = () => this.#next;
    restore(state: unknown) {
      this.#next = Number(state);
    }
    async *[Symbol.asyncIterator]() {
      for (;;) yield this.#next++;
    }
  }
  const dataset = mapDataset(new Numbers(), (n) => n * 2);
  dataset.restore(5);
  expect(await take(dataset, 3)).toEqual([10, 12, 14]);
  expect(dataset.length).toBeUndefined();
});

it('splitDataset gives each item in so many parts, and says how many there are', async () => {
  const parts = splitDataset(new TokenWindows(options), 2, ({ offsets }, part) => offsets[part]);
  const whole = await take(new TokenWindows(options), 3);
  expect(parts.length).toBe(2 * (new TokenWindows(options).length ?? 0));
  expect(await take(parts, 6)).toEqual(whole.flatMap(({ offsets }) => offsets));
});

describe('TaskBatches', () => {
  /** Examples that can be told apart by their answer, of lengths that repeat. */
  const examples = Array.from({ length: 21 }, (_, answer) => ({
    sequences: [Array(3 + (answer % 4)).fill(1)],
    answer,
    isCut: false,
  }));
  const answersOf = (batches: { answer: number }[][]) => batches.flat().map(({ answer }) => answer);

  it('has each example once in an epoch, in another order each time, or in the order given', async () => {
    const batches = new TaskBatches(examples, { batchSize: 4 });
    expect(batches.length).toBe(6);
    const [first, second] = [answersOf(await take(batches, 6)), answersOf(await take(batches, 6))];
    const all = answersOf([examples]);
    for (const epoch of [first, second]) expect(epoch.toSorted((a, b) => a - b)).toEqual(all);
    expect(new Set([first, second, all].map(String)).size).toBe(3);
    expect(answersOf(await take(new TaskBatches(examples, { batchSize: 4, shuffle: false }), 6))).toEqual(all);
  });

  it('goes on with the same examples and options only', () => {
    const { seed, batchSize, shuffle } = { seed: 1, batchSize: 4, shuffle: true };
    const state = new TaskBatches(examples, { seed, batchSize, shuffle }).state();
    for (const other of [{ seed: 2 }, { batchSize: 5 }, { shuffle: false }]) {
      const batches = new TaskBatches(examples, { seed, batchSize, shuffle, ...other });
      expect(() => batches.restore(state), JSON.stringify(other)).toThrow('resuming needs the same data and options');
    }
    const fewer = new TaskBatches(examples.slice(1), { seed, batchSize, shuffle });
    expect(() => fewer.restore(state)).toThrow('resuming needs the same data and options');
  });
});
