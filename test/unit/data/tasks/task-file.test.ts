import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLabels, labelIndex, readTaskFile, type Task } from '../../../../lib/data/index.js';
import { readTaskFiles } from '../../../../lib/finetune/index.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-task-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(task: Task, ...lines: unknown[]) {
  const path = join(folder, 'task.jsonl');
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return readTaskFile(task, path);
}

const messageOf = (task: Task, ...lines: unknown[]) =>
  read(task, ...lines).then(
    () => 'no error',
    (error) => `${error.code} ${error.message.replace(`${folder}/`, '')}`,
  );

describe('readTaskFile', () => {
  it('reads each task', async () => {
    expect(await read('classification', { text: 'fine', label: 'good', id: 7 })).toMatchObject([
      { sequences: [['fine']], bothOrders: false, label: 'good' },
    ]);
    expect(await read('entailment', { premise: 'p', hypothesis: 'h', label: 'neutral' })).toMatchObject([
      { sequences: [['p', 'h']], bothOrders: false },
    ]);
    expect(await read('similarity', { a: 'x', b: 'y', label: 1 })).toMatchObject([
      { sequences: [['x', 'y']], bothOrders: true, label: 1 },
    ]);
    expect(await read('similarity', { a: 'x', b: 'y', score: 4.2 })).toMatchObject([{ score: 4.2, label: undefined }]);
    expect(await read('multiple-choice', { context: 'c', question: 'q', choices: ['u', 'v'], label: 1 })).toMatchObject(
      [
        { sequences: [['c q', 'u'], ['c q', 'v']], label: 1 }, // biome-ignore format: a pair a choice
      ],
    );
  });

  it.each<[string, Task, unknown[], RegExp]>([
    ['a missing field', 'classification', [{ label: 'x' }], /:1: field "text" is missing/],
    ['a missing label', 'entailment', [{ premise: 'p', hypothesis: 'h' }], /:1: field "label" is missing/],
    ['an empty text', 'classification', [{ text: '', label: 'x' }], /:1: field "text" is ""; allowed: /],
    ['a label of the wrong type', 'classification', [{ text: 't', label: ['x'] }], /:1: field "label" is \["x"\]/],
    ['a label that is null', 'classification', [{ text: 't', label: null }], /:1: field "label" is null/],
    [
      'one choice',
      'multiple-choice',
      [{ context: 'c', choices: ['a'], label: 0 }],
      /"choices" is \["a"\]; allowed: items >= 2/,
    ],
    [
      'a choice that is not there',
      'multiple-choice',
      [{ context: 'c', choices: ['a', 'b'], label: 2 }],
      /"label" is 2; allowed: 0 to 1/,
    ],
    ['no context', 'multiple-choice', [{ choices: ['a', 'b'], label: 0 }], /field "context" is missing/],
    ['an empty choice', 'multiple-choice', [{ context: 'c', choices: ['a', ''], label: 0 }], /field "choices.1" is ""/],
    ['label and score', 'similarity', [{ a: 'x', b: 'y', label: 1, score: 2 }], /field "score" is 2/],
    [
      'a label among scores',
      'similarity',
      [
        { a: 'x', b: 'y', score: 1 },
        { a: 'x', b: 'y', label: 1 },
      ],
      /:2: field "score" is missing/,
    ],
    [
      'a score that is no number',
      'similarity',
      [{ a: 'x', b: 'y', score: '1' }],
      /field "score" is "1"; allowed: a number/,
    ],
    ['no object', 'classification', ['text'], /:1: the value is "text"; allowed: an object/],
    ['no lines', 'classification', [], /task.jsonl: is empty/],
  ])('refuses %s, naming line and field', async (_, task, lines, says) => {
    expect(await messageOf(task, ...lines)).toMatch(says);
  });
});

describe('labels', () => {
  const at = (...labels: (string | number)[]) => labels.map((label, i) => ({ where: `f:${i + 1}`, label }));

  it('come in an order of their own', () => {
    expect(findLabels('classification', at('b', 'a', 'b'))).toEqual(['a', 'b']);
    expect(findLabels('similarity', at(10, 2, 1))).toEqual([1, 2, 10]);
    expect(findLabels('entailment', at('contradiction', 'neutral', 'entailment'))).toEqual([
      'entailment',
      'neutral',
      'contradiction',
    ]);
    expect(findLabels('entailment', at('yes', 'no'))).toEqual(['no', 'yes']);
  });

  it('are of one type, and at least two', () => {
    expect(() => findLabels('classification', at('a', 1))).toThrow(
      'f:2: field "label" is 1; allowed: a string, as in f:1',
    );
    expect(() => findLabels('classification', at('a', 'a'))).toThrow(
      'f: field "label" has 1 values; at least 2 are needed',
    );
  });

  it('are known at evaluation', () => {
    expect(labelIndex(['a', 'b'], { where: 'f:3', label: 'b' })).toBe(1);
    expect(() => labelIndex(['a', 'b'], { where: 'f:3', label: 'c' })).toThrow(
      'f:3: field "label" is "c"; allowed: "a", "b"',
    );
  });
});

describe('readTaskFiles', () => {
  const pair = { a: 'x', b: 'y' };
  const scores = [{ ...pair, score: 4.2 }];
  const classes = [{ ...pair, label: 'no' }, { ...pair, label: 'yes' }]; // biome-ignore format: one line

  async function readBoth(train: object[], evaluation: object[], labels?: string[]) {
    const files = { train: join(folder, 'train.jsonl'), evaluation: join(folder, 'evaluation.jsonl') };
    await writeFile(files.train, train.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await writeFile(files.evaluation, evaluation.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return readTaskFiles('similarity', files, labels);
  }

  it('takes the classes of the training file, or those given; for scores there are none', async () => {
    expect((await readBoth(classes, classes)).labels).toEqual(['no', 'yes']);
    expect((await readBoth(classes, classes, ['yes', 'no'])).labels).toEqual(['yes', 'no']);
    expect((await readBoth(scores, scores)).labels).toBeUndefined();
    await expect(readBoth(scores, scores, ['yes', 'no'])).rejects.toThrow('has scores; labels are for classes');
  });

  it('refuses files of which one has scores and the other has not', async () => {
    await expect(readBoth(scores, classes)).rejects.toThrow('evaluation.jsonl:1: field "score" is missing');
    await expect(readBoth(classes, scores)).rejects.toThrow('evaluation.jsonl:1: field "label" is missing');
  });
});
