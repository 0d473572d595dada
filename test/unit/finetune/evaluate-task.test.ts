import { afterAll, describe, expect, it } from 'vitest';
import { baselineOf } from '../../../lib/finetune/evaluate-task.js';
import { parseFineTuneConfig, toTrainConfig } from '../../../lib/finetune/finetune-config.js';
import type { PreparedTask } from '../../../lib/finetune/prepare.js';
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

describe('baselineOf', () => {
  const of = (task: object, train: number[], evaluation: number[]) =>
    baselineOf({ task, train: train.map(example), evaluation: evaluation.map(example) } as unknown as PreparedTask);

  it('answers as the training data does most often, or on average', () => {
    expect(of({ task: 'classification', labels: ['a', 'b'] }, [0, 0, 1], [1, 1, 0])).toBeCloseTo(1 / 3, 12);
    expect(of({ task: 'similarity' }, [1, 3], [3, 4])).toBe((1 + 4) / 2);
  });
});

describe('a configuration', () => {
  it('has the defaults of the paper', () => {
    expect(parseFineTuneConfig({ task: 'classification' })).toMatchObject({
      ...{ epochs: 3, batchSize: 32, lr: 6.25e-5, warmup: 0.002, lambda: 0.5, reduction: 'sequence', shuffle: true },
    });
  });

  it('is of epochs; the learning rate falls in a straight line after the warm-up, which is no longer than the run', () => {
    const config = parseFineTuneConfig({ task: 'classification', epochs: 2, warmup: 0.1 });
    const wanted = { steps: 100, evalEvery: 50, schedule: 'linear', warmupSteps: 10, lr: 6.25e-5 };
    expect(toTrainConfig(config, 50)).toMatchObject(wanted);
    expect(toTrainConfig({ ...config, epochs: 1, warmup: 0.9 }, 1)).toMatchObject({ steps: 1, warmupSteps: 0 });
  });

  it('computes a step in no more parts than it has examples', () => {
    const parse = (accumulate: number) => parseFineTuneConfig({ task: 'classification', batchSize: 4, accumulate });
    expect(parse(4).accumulate).toBe(4);
    expect(() => parse(5)).toThrow('field "accumulate" is 5; allowed: 1 to batchSize, which is 4');
  });
});
