import { afterAll, expect, it } from 'vitest';
import { evaluateTask, GPT, TaskModel } from '../../../lib/index.js';

const gpt = new GPT({ vocabSize: 10, contextLength: 8, layers: 1, heads: 1, width: 8 });
const model = new TaskModel(gpt, { task: 'classification', labels: ['a', 'b'], maxLength: 8 });
afterAll(() => model.dispose());

const example = (answer: number) => ({ sequences: [[1, 2, 3]], answer, isCut: false });

it('measures examples with answers, and nothing else', async () => {
  expect(await evaluateTask(model, [example(0), example(1)])).toMatchObject({ examples: 2, accuracy: 0.5 });
  await expect(evaluateTask(model, [])).rejects.toThrow('evaluateTask: no examples');
  await expect(evaluateTask(model, [example(0), example(Number.NaN)])).rejects.toThrow('example 1 has no answer');
});
