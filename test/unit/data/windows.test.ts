import { describe, expect, it } from 'vitest';
import {
  evaluationWindows,
  readWindows,
  TokenWindows,
  type WindowBatch,
  type WindowSource,
} from '../../../lib/data/index.js';
import { messageOf, take } from './temporary-folder.js';

/** Windows as nested arrays of a token sequence 0, 1, 2 … */
const counting: WindowSource<number[][]> = {
  windows(offsets, length, firstTarget = 0) {
    const row = (start: number) => Array.from({ length }, (_, i) => start + i);
    return {
      inputs: offsets.map(row),
      targets: offsets.map((offset) => row(offset + 1).map((token, i) => (i < firstTarget ? -100 : token))),
    };
  },
};

const targetsOf = (batches: Iterable<WindowBatch>) =>
  [...batches].flatMap((batch) => readWindows(counting, batch).targets.flat()).filter((target) => target !== -100);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const ascending = (numbers: number[]) => [...numbers].sort((a, b) => a - b);

describe('evaluationWindows', () => {
  const shapes = [2, 3, 7, 8, 9, 15, 16, 17, 18, 33, 100].flatMap((tokens) =>
    [1, 2, 4, 8, 16].flatMap((contextLength) => [1, 3, 4].map((batchSize) => ({ tokens, contextLength, batchSize }))),
  );

  it('predicts every target exactly once, in order, from no more than contextLength tokens', () => {
    for (const shape of shapes) {
      const batches = [...evaluationWindows(shape)];
      expect(targetsOf(batches), JSON.stringify(shape)).toEqual(upTo(shape.tokens - 1));
      expect(batches.reduce((sum, { targetCount }) => sum + targetCount, 0)).toBe(shape.tokens - 1);
      for (const { offsets, length } of batches) {
        expect(offsets.length).toBeLessThanOrEqual(shape.batchSize);
        expect(length).toBeLessThanOrEqual(shape.contextLength);
        for (const offset of offsets) expect(offset + length).toBeLessThan(shape.tokens);
      }
    }
  });

  it('with windows: k predicts every target exactly once, from its k tokens alone', () => {
    for (const shape of shapes.filter(({ contextLength }) => contextLength >= 4)) {
      for (const windows of [1, 2, 3]) {
        const batches = [...evaluationWindows({ ...shape, windows })];
        expect(targetsOf(batches), JSON.stringify({ ...shape, windows })).toEqual(upTo(shape.tokens - 1));
        for (const batch of batches) {
          expect(batch.length).toBe(Math.min(windows, shape.tokens - 1));
          // All targets of the first window, which have no more tokens before them; else the last alone.
          expect(batch.targetCount).toBe(batch.offsets[0] === 0 && windows > 1 ? batch.length : batch.offsets.length);
        }
      }
    }
  });

  it('lays whole windows side by side and ends with a short one', () => {
    expect([...evaluationWindows({ tokens: 12, contextLength: 4, batchSize: 8 })]).toEqual([
      { offsets: [0, 4], length: 4, firstTarget: 0, targetCount: 8 },
      { offsets: [8], length: 3, firstTarget: 0, targetCount: 3 },
    ]);
  });

  it('takes some batches, spread evenly', () => {
    const all = [...evaluationWindows({ tokens: 101, contextLength: 10, batchSize: 1 })];
    const some = [...evaluationWindows({ tokens: 101, contextLength: 10, batchSize: 1, maxBatches: 3 })];
    expect(some).toEqual([all[1], all[5], all[8]]);
    expect([...evaluationWindows({ tokens: 101, contextLength: 10, batchSize: 1, maxBatches: 50 })]).toEqual(all);
  });

  it('refuses what cannot be evaluated', async () => {
    const message = (options: object) =>
      messageOf(() => [...evaluationWindows({ tokens: 9, contextLength: 4, batchSize: 1, ...options })]);
    expect(await message({ tokens: 1 })).toBe('InputError: the validation part has 1 tokens; at least 2 are needed');
    expect(await message({ batchSize: 0 })).toBe('ArgumentError: batchSize is 0; allowed: whole numbers from 1');
    expect(await message({ maxBatches: -1 })).toBe('ArgumentError: maxBatches is -1; allowed: whole numbers from 0');
    expect(await message({ windows: 5 })).toBe('ArgumentError: windows is 5; allowed: up to contextLength (4)');
  });
});

describe('TokenWindows, random', () => {
  const options = { tokens: 20, contextLength: 8, batchSize: 4, seed: 1 };

  it('draws every window there is, as nanoGPT does: offsets 0 to tokens - contextLength - 1', async () => {
    const batches = await take(new TokenWindows(options), 200);
    const offsets = batches.flatMap((batch) => batch.offsets);
    expect([...new Set(offsets)].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    const counts = Array.from({ length: 12 }, (_, i) => offsets.filter((offset) => offset === i).length);
    const chiSquare = counts.reduce((sum, count) => sum + (count - 800 / 12) ** 2 / (800 / 12), 0);
    expect(chiSquare).toBeLessThan(31.3); // 0.1 % of fair sequences, 11 degrees of freedom
    expect(batches[0]).toMatchObject({ length: 8, firstTarget: 0, targetCount: 32 });
  });

  it('never ends and has no length', () => {
    expect(new TokenWindows(options).length).toBeUndefined();
  });

  it('follows from the seed', async () => {
    const first = await take(new TokenWindows(options), 5);
    expect(await take(new TokenWindows(options), 5)).toEqual(first);
    expect(await take(new TokenWindows({ ...options, seed: 2 }), 5)).not.toEqual(first);
  });

  it('goes on from a saved state with the same batches', async () => {
    const whole = await take(new TokenWindows(options), 10);
    const stopped = new TokenWindows(options);
    await take(stopped, 6);
    const resumed = new TokenWindows(options);
    resumed.restore(JSON.parse(JSON.stringify(stopped.state())));
    expect(await take(resumed, 4)).toEqual(whole.slice(6));
  });

  it('with windows: k draws k tokens and one target', async () => {
    const batches = await take(new TokenWindows({ ...options, windows: 3 }), 200);
    expect(batches[0]).toMatchObject({ length: 3, firstTarget: 2, targetCount: 4 });
    const offsets = new Set(batches.flatMap((batch) => batch.offsets));
    expect(ascending([...offsets])).toEqual(Array.from({ length: 17 }, (_, i) => i));
  });

  it('works where one window is all there is', async () => {
    expect((await take(new TokenWindows({ ...options, tokens: 9 }), 1))[0]?.offsets).toEqual([0, 0, 0, 0]);
  });

  it('names the numbers when there are too few tokens', async () => {
    expect(await messageOf(() => new TokenWindows({ ...options, tokens: 8, name: 'a.txt: the training part' }))).toBe(
      'InputError: a.txt: the training part has 8 tokens; one window needs 9 (8 and a target)',
    );
  });
});

describe('TokenWindows, by epochs', () => {
  const options = { tokens: 103, contextLength: 10, batchSize: 4, seed: 1, order: 'epoch' as const };

  it('has each window once in an epoch, none overlapping another', async () => {
    const windows = new TokenWindows(options);
    expect(windows.length).toBe(3);
    for (let epoch = 0; epoch < 5; epoch++) {
      const batches = await take(windows, 3);
      expect(batches.map(({ offsets }) => offsets.length)).toEqual([4, 4, 2]);
      const targets = ascending(targetsOf(batches));
      const start = targets[0] ?? 0;
      expect(targets).toEqual(upTo(100).map((i) => i + start - 1));
    }
  });

  it('has another order in each epoch, and leaves no token over for good', async () => {
    const windows = new TokenWindows(options);
    const epochs: number[][] = [];
    for (let epoch = 0; epoch < 20; epoch++) epochs.push(targetsOf(await take(windows, 3)));
    expect(new Set(epochs.map(String)).size).toBe(20);
    expect(ascending([...new Set(epochs.flat())])).toEqual(upTo(102));
  });

  it('ends after the epochs asked for', async () => {
    const batches = await take(new TokenWindows({ ...options, epochs: 2 }), 100);
    expect(batches.length).toBe(6);
  });

  it('with windows: k has each target that has k tokens before it', async () => {
    const windows = new TokenWindows({ ...options, windows: 3, epochs: 1 });
    expect(windows.length).toBe(25);
    expect(ascending(targetsOf(await take(windows, 100)))).toEqual(Array.from({ length: 100 }, (_, i) => i + 3));
  });

  it.each([0, 1, 2, 3, 4, 7])('goes on from a state saved after %d batches', async (done) => {
    const whole = await take(new TokenWindows(options), 12);
    const stopped = new TokenWindows(options);
    await take(stopped, done);
    const resumed = new TokenWindows(options);
    resumed.restore(JSON.parse(JSON.stringify(stopped.state())));
    expect(await take(resumed, 12 - done)).toEqual(whole.slice(done));
  });

  it('refuses a state of other data or options', async () => {
    const state = new TokenWindows(options).state();
    const message = (other: object) => messageOf(() => new TokenWindows({ ...options, ...other }).restore(state));
    const rest = 'resuming needs the same data and options';
    expect(await message({ seed: 2 })).toBe(`InputError: saved state of the data: made with seed 1, now 2; ${rest}`);
    expect(await message({ tokens: 104 })).toContain('made with tokens 103, now 104;');
    expect(await message({ order: 'random' })).toContain('made with order epoch, now random;');
    const { identity, ...place } = state as { identity: object };
    const older = { ...place, identity: { ...identity, seed: undefined } };
    const stored = JSON.parse(JSON.stringify(older));
    expect(await messageOf(() => new TokenWindows(options).restore(stored))).toContain('made with seed absent, now 1;');
    expect(await messageOf(() => new TokenWindows(options).restore(null))).toMatch(
      /^InputError: saved state of the data: /,
    );
    const late = { ...(state as object), batch: 3 };
    expect(await messageOf(() => new TokenWindows(options).restore(late))).toBe(
      'InputError: saved state of the data: batch is 3; allowed: 0 to 2',
    );
  });
});
