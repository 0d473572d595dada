import { describe, expect, it } from 'vitest';
import type { EncodedExample } from '../../../lib/data/index.js';
import { makeTaskBatch, parseTaskConfig, type TaskConfigInput, TaskHead, TaskModel } from '../../../lib/heads/index.js';
import { GPT } from '../../../lib/model/index.js';
import { engine, ones, type Tensor } from '../../../lib/tensor/index.js';

const WIDTH = 64;
const config = (task: Partial<TaskConfigInput>) => parseTaskConfig({ task: 'classification', maxLength: 8, ...task });

/** A head that adds up the hidden state. */
function summing(task: Partial<TaskConfigInput>): TaskHead {
  const head = new TaskHead(config(task), WIDTH);
  for (const [name, parameter] of head.namedParameters()) parameter.fill(name === 'head.weight' ? 1 : 0);
  return head;
}

const example = (sequences: number): EncodedExample => ({
  sequences: Array.from({ length: sequences }, () => [1, 2, 3]),
  answer: 0,
  isCut: false,
});

const values = async (tensor: Tensor) => Array.from(await tensor.toArray(), Number);

describe('TaskHead', () => {
  it('has the right outputs, named head.weight and head.bias', () => {
    const shapes = (task: Partial<TaskConfigInput>) =>
      summing(task).namedParameters().map(([name, { shape }]) => `${name} ${shape}`); // biome-ignore format: one line
    expect(shapes({ labels: ['a', 'b', 'c'] })).toEqual([`head.weight 3,${WIDTH}`, 'head.bias 3']);
    expect(shapes({ task: 'similarity' })).toEqual([`head.weight 1,${WIDTH}`, 'head.bias 1']);
    expect(shapes({ task: 'multiple-choice' })).toEqual([`head.weight 1,${WIDTH}`, 'head.bias 1']);
  });

  it('adds the hidden states of both orders, not features', async () => {
    const head = summing({ task: 'similarity' });
    const extracts = ones([4, WIDTH]);
    const logits = head.logits(extracts, { choices: undefined, exampleCount: 2 }, false);
    expect(logits.shape).toEqual([2, 1]);
    expect(await values(logits)).toEqual([2 * WIDTH, 2 * WIDTH]);
  });

  it('gives -∞ where an example has no such choice', async () => {
    const head = summing({ task: 'multiple-choice' });
    const { choices } = makeTaskBatch([example(3), example(2)], { answer: 'choice' });
    const logits = head.logits(ones([5, WIDTH]), { choices, exampleCount: 2 }, false);
    expect(logits.shape).toEqual([2, 3]);
    expect(await values(logits)).toEqual([WIDTH, WIDTH, WIDTH, WIDTH, WIDTH, Number.NEGATIVE_INFINITY]);
  });

  it('drops the same of the hidden state for all choices of an example, other parts for other examples', async () => {
    const head = summing({ task: 'multiple-choice', dropout: 0.5 });
    const { choices } = makeTaskBatch([example(2), example(2), example(2)], { answer: 'choice' });
    engine.seed(3);
    const logits = await values(head.logits(ones([6, WIDTH]), { choices, exampleCount: 3 }, true));
    expect([logits[0], logits[2], logits[4]]).toEqual([logits[1], logits[3], logits[5]]);
    expect(new Set(logits).size).toBeGreaterThan(1);
    expect(logits).not.toContain(WIDTH);
  });

  it('drops in training only', async () => {
    const head = summing({ labels: ['a', 'b'], dropout: 0.5 });
    const run = (training: boolean) =>
      values(head.logits(ones([1, WIDTH]), { choices: undefined, exampleCount: 1 }, training));
    expect(await run(false)).toEqual([WIDTH, WIDTH]);
    expect(await run(true)).not.toEqual([WIDTH, WIDTH]);
  });
});

describe('makeTaskBatch', () => {
  it('has no answer where an example has none', async () => {
    const batch = makeTaskBatch([example(1), { ...example(1), answer: Number.NaN }], { answer: 'class' });
    expect(await values(batch.answers)).toEqual([0, -100]);
  });

  it('is freed whole', async () => {
    const held = async () => {
      await engine.idle();
      return engine.memory().held;
    };
    const before = await held();
    const batch = makeTaskBatch([example(3), example(2)], { answer: 'choice' });
    expect(await held()).toBeGreaterThan(before);
    batch.dispose();
    expect(await held()).toBe(before);
  });
});

describe('TaskModel', () => {
  it('reads no more than the context, and is freed whole', async () => {
    await engine.idle();
    const { held } = engine.memory();
    const gpt = new GPT({ vocabSize: 7, contextLength: 8, layers: 1, heads: 1, width: 8, tiedEmbedding: false });
    const task = { task: 'classification' as const, labels: ['a', 'b'] };
    expect(() => new TaskModel(gpt, { ...task, maxLength: 9 })).toThrow(
      'maxLength is 9; allowed: up to the context of 8',
    );
    new TaskModel(gpt, { ...task, maxLength: 8 }).dispose();
    await engine.idle();
    expect(engine.memory().held).toBe(held);
  });
});

describe('parseTaskConfig', () => {
  it.each([
    [{ labels: undefined }, /labels/],
    [{ labels: ['a'] }, /labels/],
    [{ labels: ['a', 'a'] }, /each label once/],
    [{ task: 'multiple-choice', labels: ['a', 'b'] }, /choices of its own/],
    [{ labels: ['a', 'b'], maxLength: 4 }, /maxLength/],
    [{ labels: ['a', 'b'], dropout: 1 }, /dropout/],
  ] as const)('refuses %j', (task, says) => {
    expect(() => config(task as Partial<TaskConfigInput>)).toThrow(says);
  });
});
