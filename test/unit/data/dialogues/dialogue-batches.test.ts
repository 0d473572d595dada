import { describe, expect, it } from 'vitest';
import {
  type DialogueBatch,
  DialogueBatches,
  dialogueEvaluationBatches,
  type EncodedDialogue,
} from '../../../../lib/data/index.js';
import { messageOf, take } from '../temporary-folder.js';

/** Dialogues that can be told apart by their first token, of lengths that repeat. */
const dialogues: EncodedDialogue[] = Array.from({ length: 203 }, (_, i) => ({
  utterances: [
    [1000 + i, ...Array(i % 37).fill(5), 2],
    [6, 2],
  ],
  dropped: 0,
}));

const rows = ({ tokens, targets, batch, length }: DialogueBatch) =>
  Array.from({ length: batch }, (_, row) => ({
    tokens: [...tokens.subarray(row * length, (row + 1) * length)].map(Number),
    targets: [...targets.subarray(row * length, (row + 1) * length)].map(Number),
  }));
const firstTokens = (batches: DialogueBatch[]) =>
  batches.flatMap((batch) => rows(batch).map(({ tokens }) => tokens[0] ?? 0));
const everyone = dialogues.map((_, i) => 1000 + i);
const sorted = (numbers: number[]) => [...numbers].sort((a, b) => a - b);

describe('DialogueBatches', () => {
  it('takes any number of dialogues in a batch', async () => {
    const many = Array.from({ length: 200_000 }, () => ({ utterances: [[5, 2]], dropped: 0 }));
    const [batch] = await take(new DialogueBatches(many, { batchSize: many.length }), 1);
    expect([batch?.batch, batch?.length, batch?.targetCount]).toEqual([200_000, 1, 200_000]);
  });

  const options = { batchSize: 8, seed: 7 };

  it('has every dialogue once in each epoch, in another order', async () => {
    const batches = new DialogueBatches(dialogues, options);
    expect(batches.length).toBe(26);
    const first = firstTokens(await take(batches, 26));
    const second = firstTokens(await take(batches, 26));
    expect(sorted(first)).toEqual(everyone);
    expect(sorted(second)).toEqual(everyone);
    expect(second).not.toEqual(first);
  });

  it('pads at the end: [:-1] in, [1:] out, -100 where there is nothing', async () => {
    const three = [
      {
        utterances: [
          [3, 2],
          [4, 2],
        ],
        dropped: 0,
      },
      {
        utterances: [
          [5, 5, 2],
          [6, 2],
        ],
        dropped: 0,
      },
    ];
    const [batch] = await take(new DialogueBatches(three, { batchSize: 2, padId: 9 }), 1);
    expect(batch).toMatchObject({ batch: 2, length: 4, targetCount: 7 });
    expect(batch && rows(batch)).toEqual([
      { tokens: [3, 2, 4, 9], targets: [2, 4, 2, -100] },
      { tokens: [5, 5, 2, 6], targets: [5, 2, 6, 2] },
    ]);
  });

  it('counts its targets', async () => {
    for (const lossOn of ['both', 'answers'] as const) {
      for (const batch of await take(new DialogueBatches(dialogues, { ...options, lossOn, epochs: 1 }), 100)) {
        expect(batch.targetCount).toBe(batch.targets.filter((target) => target !== -100n).length);
        if (lossOn === 'answers') expect(batch.targetCount).toBe(2 * batch.batch);
      }
    }
  });

  it('puts dialogues of similar length together: much less padding than by chance', async () => {
    const padding = (batches: DialogueBatch[]) =>
      batches.reduce((sum, { targets }) => sum + targets.filter((target) => target === -100n).length, 0);
    const grouped = await take(new DialogueBatches(dialogues, { ...options, epochs: 1 }), 100);
    const whole = grouped.reduce((sum, { tokens }) => sum + tokens.length, 0);
    expect(padding(grouped) / whole).toBeLessThan(0.12);
    // Yet short and long batches take turns, also of what is sorted together.
    const lengths = (await take(new DialogueBatches(dialogues.slice(0, 100), options), 13)).map(({ length }) => length);
    expect(lengths).not.toEqual(sorted(lengths));
  });

  it.each([0, 1, 25, 26, 27, 60])('goes on from a state saved after %d batches', async (done) => {
    const whole = await take(new DialogueBatches(dialogues, options), 64);
    const stopped = new DialogueBatches(dialogues, options);
    await take(stopped, done);
    const resumed = new DialogueBatches(dialogues, options);
    resumed.restore(JSON.parse(JSON.stringify(stopped.state())));
    expect(await take(resumed, 64 - done)).toEqual(whole.slice(done));
  });

  it('refuses a state of other dialogues', async () => {
    const state = new DialogueBatches(dialogues, options).state();
    expect(await messageOf(() => new DialogueBatches(dialogues.slice(1), options).restore(state))).toBe(
      'InputError: saved state of the data: made with dialogues 203, now 202; resuming needs the same data and options',
    );
  });

  it('leaves out dialogues without a target, and says how many', async () => {
    const question: EncodedDialogue = { utterances: [[3, 4, 2]], dropped: 2 };
    const answer: EncodedDialogue = { utterances: [[3, 4, 2]], dropped: 1 };
    const batches = new DialogueBatches([question, answer, question], { batchSize: 4, lossOn: 'answers' });
    expect(batches.skipped).toBe(2);
    expect(await take(batches, 1)).toMatchObject([{ batch: 1, targetCount: 2 }]);
    expect(await messageOf(() => new DialogueBatches([question], { batchSize: 1, lossOn: 'answers' }))).toBe(
      'InputError: none of 1 dialogues has a target to learn',
    );
  });

  it('refuses a batch size that is none', async () => {
    expect(await messageOf(() => new DialogueBatches(dialogues, { batchSize: 0 }))).toBe(
      'ArgumentError: batchSize is 0; allowed: whole numbers from 1',
    );
  });
});

describe('dialogueEvaluationBatches', () => {
  it('has every dialogue once, shortest first, the same each time', () => {
    const batches = [...dialogueEvaluationBatches(dialogues, { batchSize: 10 })];
    expect(sorted(firstTokens(batches))).toEqual(everyone);
    const lengths = batches.map(({ length }) => length);
    expect(lengths).toEqual(sorted(lengths));
    expect([...dialogueEvaluationBatches(dialogues, { batchSize: 10 })]).toEqual(batches);
  });

  it('takes some, spread over all lengths', () => {
    const all = [...dialogueEvaluationBatches(dialogues, { batchSize: 10 })];
    const some = [...dialogueEvaluationBatches(dialogues, { batchSize: 10, maxBatches: 3 })];
    expect(some).toEqual([all[3], all[10], all[17]]);
  });
});
