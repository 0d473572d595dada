import { expect, test } from 'vitest';
import {
  ArgumentError,
  CombinedObjective,
  engine,
  GPT,
  makeTaskBatch,
  type Objective,
  objectiveLoss,
  TaskModel,
  tensor,
  weightedLoss,
} from '../../../lib/index.js';

const gpt = { vocabSize: 11, contextLength: 8, layers: 1, heads: 1, width: 8 };

test('is the weighted sum of the terms\u2019 means, with their gradient, and leaves nothing behind', async () => {
  const model = new TaskModel(new GPT(gpt), { task: 'classification', labels: ['a', 'b'], maxLength: 8 }).eval();
  const objective = new CombinedObjective(model, { lambda: 0.3 });
  const batch = makeTaskBatch(
    [
      { sequences: [[1, 2, 3]], answer: 0, isCut: false },
      { sequences: [[1, 4, 5, 6, 3]], answer: 1, isCut: false },
    ],
    { answer: 'class' },
  );
  const counts = objective.counts(batch);
  const means: Record<string, number> = {};
  for (const [term, sum] of Object.entries(objective.sums(batch))) {
    means[term] = (await sum.item()) / (counts[term] ?? 0);
    sum.dispose();
  }
  await engine.idle();
  const before = engine.memory().held;
  const loss = objectiveLoss(objective, batch);
  expect(await loss.item()).toBeCloseTo(weightedLoss(objective.weights, means), 5);
  loss.backward();
  loss.dispose();
  const gradient = model.head.linear.parameter('bias').grad();
  expect((await gradient.toArray()).some((value) => Number(value) !== 0)).toBe(true);
  gradient.dispose();
  await engine.idle();
  expect(engine.memory().held).toBe(before);
});

test('a batch with nothing that counts is an error', () => {
  const empty: Objective<null> = { weights: { a: 1 }, counts: () => ({ a: 0 }), sums: () => ({ a: tensor(0) }) };
  expect(() => objectiveLoss(empty, null)).toThrow(ArgumentError);
});
