import { describe, expect, it } from 'vitest';
import type { EncodedExample } from '../../../lib/data/index.js';
import { crossEntropyOf, probabilitiesOf } from '../../../lib/finetune/answer.js';
import { computeLogits, type TaskConfigInput, TaskModel } from '../../../lib/heads/index.js';
import { GPT, type GPTConfigInput } from '../../../lib/model/index.js';
import { engine } from '../../../lib/tensor/index.js';

const forms: [string, Partial<GPTConfigInput>][] = [
  ['GPT-2', {}],
  ['GPT-1', { normPosition: 'post' }],
  ['with a window of 4', { attentionWindow: 4 }],
];

function makeModel(task: Partial<TaskConfigInput>, form: Partial<GPTConfigInput> = {}): TaskModel {
  const gpt = new GPT({ vocabSize: 40, contextLength: 32, layers: 2, heads: 2, width: 16, initStd: 0.3, ...form });
  return new TaskModel(gpt, { task: 'classification', maxLength: 32, ...task }).eval();
}

/** Choices of an example begin with the same tokens, and differ in number and length. */
function multipleChoice(index: number): EncodedExample {
  const context = Array.from({ length: 2 + (index % 3) * 4 }, (_, i) => (index * 7 + i * 3) % 37);
  const sequences = Array.from({ length: 2 + (index % 4) }, (_, choice) => [
    ...[37, ...context, 38],
    ...Array.from({ length: 1 + ((index + choice) % 5) }, (_, i) => (index + choice * 11 + i * 5) % 37),
    39,
  ]);
  return { sequences, answer: 0, isCut: false };
}

function single(index: number): EncodedExample {
  const text = Array.from({ length: 1 + ((index * 5) % 17) }, (_, i) => (index * 3 + i) % 37);
  return { sequences: [[37, ...text, 39]], answer: index % 2, isCut: false };
}

function expectClose(got: number[][], wanted: number[][]): void {
  const largest = Math.max(...wanted.flat().map(Math.abs));
  expect(got.map((row) => row.length)).toEqual(wanted.map((row) => row.length));
  for (const [i, value] of got.flat().entries()) {
    expect(Math.abs(value - (wanted.flat()[i] ?? Number.NaN))).toBeLessThanOrEqual(1e-5 * largest);
  }
}

describe('what is as large as a user makes it', () => {
  const many = 200_000;
  const tiny = { vocabSize: 40, contextLength: 5, layers: 1, heads: 1, width: 4 };

  it('may be a batch', async () => {
    const model = new TaskModel(new GPT(tiny), { task: 'classification', maxLength: 5, labels: ['no', 'yes'] });
    const examples = Array.from({ length: many }, (_, i) => ({
      sequences: [[37, i % 37, 39]],
      answer: 0,
      isCut: false,
    }));
    expect(await computeLogits(model, examples, { batchSize: many })).toHaveLength(many);
  });

  it('may be a question with its choices', async () => {
    const model = new TaskModel(new GPT(tiny), { task: 'multiple-choice', maxLength: 5 });
    const sequences = Array.from({ length: many }, (_, i) => [37, i % 37, 39]);
    const [logits = []] = await computeLogits(model, [{ sequences, answer: 0, isCut: false }]);
    expect(logits).toHaveLength(many);
    expect(probabilitiesOf(logits).reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9);
    expect(crossEntropyOf(logits, 0)).toBeGreaterThan(0);
  });
});

describe('computeLogits', () => {
  const examples = Array.from({ length: 40 }, (_, index) => single(index));
  const choices = Array.from({ length: 24 }, (_, index) => multipleChoice(index));

  it('gives the same in batches of 1 and of 32, in the order given', async () => {
    const model = makeModel({ labels: ['no', 'yes'] });
    expectClose(await computeLogits(model, examples), await computeLogits(model, examples, { batchSize: 1 }));
  });

  it.each(forms)('computes what choices share once, with the same result (%s)', async (_, form) => {
    const model = makeModel({ task: 'multiple-choice' }, form);
    const shared = await computeLogits(model, choices, { batchSize: 5 });
    // Each choice as an example of its own shares nothing.
    const alone = await computeLogits(
      model,
      choices.flatMap(({ sequences }) =>
        sequences.map((sequence) => ({ sequences: [sequence], answer: 0, isCut: false })),
      ),
    );
    const widths = choices.map(({ sequences }) => sequences.length);
    const wanted = widths.map((width) => alone.splice(0, width).flat());
    expectClose(shared, wanted);
  });

  it('draws nothing, and leaves the mode as it was', async () => {
    const model = makeModel({ labels: ['no', 'yes'], dropout: 0.5 }).train();
    const before = engine.generatorState();
    const first = await computeLogits(model, examples.slice(0, 3));
    expect(await computeLogits(model, examples.slice(0, 3))).toEqual(first);
    expect(engine.generatorState()).toEqual(before);
    expect(model.training).toBe(true);
  });

  it('holds no memory afterwards, and ends at once when aborted', async () => {
    const model = makeModel({ task: 'multiple-choice' });
    await engine.idle();
    const { held } = engine.memory();
    await computeLogits(model, choices);
    await expect(computeLogits(model, choices, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    await engine.idle();
    expect(engine.memory().held).toBeLessThanOrEqual(held);
  });
});
