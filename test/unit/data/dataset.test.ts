import { expect, it } from 'vitest';
import { type Dataset, mapDataset, TokenWindows } from '../../../lib/data/index.js';
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
