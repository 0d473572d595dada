import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readReferences } from '../../lib/testing/index.js';
import { jsonLines, makeText, makeWorkspace, tinyConfig } from './cli.js';
import { fixture, runRank, runRanks } from './ranks/ranks.js';

/**
 * Several processes must come to what one comes to. What differs is the order in which float32 numbers are added: rows of a
 * batch in two sums instead of one, at 2^-24 = 6e-8 an addition. Losses and weights were found to agree within 3e-7 and 2e-6.
 * AdamW divides a gradient by its size: where it is zero but for rounding, the weight moves by rounding alone. Those are left
 * out: biases of keys, and of the scores that a softmax over choices compares.
 */
const LOSS_TOLERANCE = 2e-6;
const WEIGHT_TOLERANCE = 1e-5;

const none = { embeddingDropout: 0, attentionDropout: 0, residualDropout: 0 };
const model = { ...tinyConfig.model, ...none };
// Batches that two and three ranks cannot share evenly; evaluation in an odd number of batches.
const train = { ...tinyConfig.train, steps: 12, batchSize: 5, evalEvery: 6 };
const PRETRAIN = {
  text: { config: { model, tokenizer: { type: 'char' }, train }, data: ['text.txt'] },
  windows: {
    config: { model, data: { windows: 8, order: 'epoch' }, train: { ...train, accumulate: 1, evalBatches: 3 } },
    data: ['text.txt'],
  },
  dialogues: {
    config: { model, data: { format: 'dialogues', lossOn: 'answers' }, train: { ...train, clip: 0.1 } },
    data: ['dialogues.txt'],
  },
};
const rate = { lr: 3e-3, dropout: 0, epochs: 2, batchSize: 7 };
const FINETUNE = {
  classification: { config: { task: 'classification', ...rate, accumulate: 2 } },
  // Its output weights have no gradient, on no rank: decay must not touch them.
  entailment: { config: { task: 'entailment', ...rate, lambda: 0, weightDecay: 0.5 } },
  similarity: { config: { task: 'similarity', ...rate, reduction: 'token', freeze: 1 } },
  'multiple-choice': { config: { task: 'multiple-choice', ...rate, batchSize: 2, epochs: 1 } },
};
const WORDS = makeText(300).split(/\s+/);
const text = (i: number, length: number) => WORDS.slice(i % 200, (i % 200) + 1 + (length % 5)).join(' ');
const LINES: Record<keyof typeof FINETUNE, (i: number) => object> = {
  classification: (i) => ({ text: `${text(i, i)} ${i % 2 ? 'ship' : 'night'}`, label: i % 2 ? 'sea' : 'land' }),
  entailment: (i) => ({ premise: text(i, i), hypothesis: text(i + 1, 0), label: i % 3 ? 'neutral' : 'entailment' }),
  similarity: (i) => ({ a: text(i, i), b: text(i + (i % 2), i), score: (i % 5) / 2 }),
  'multiple-choice': (i) => ({
    context: text(i, 2),
    choices: ['sea', 'old ship', 'at home', 'a'].slice(0, 2 + (i % 3)),
    label: i % 2,
  }),
};

interface Outcome {
  losses: [number, number];
  tokens: number;
  evaluation?: Record<string, unknown>;
}
type Outcomes = Record<string, Outcome>;
const NAMES = [...Object.keys(PRETRAIN), ...Object.keys(FINETUNE)];

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
const outcomes = new Map<number, Outcomes>();

beforeAll(async () => {
  workspace = await makeWorkspace();
  const { path } = workspace;
  await writeFile(
    path('dialogues.txt'),
    Array.from({ length: 23 }, (_, i) => `${text(i, 1)}\n${text(i + 9, i)}\n`).join('\n'),
  );
  await writeFile(path('pretrain.json'), JSON.stringify(PRETRAIN));
  const files = (name: string) => ({ train: `${name}.train.jsonl`, evaluation: `${name}.eval.jsonl` });
  const runs = Object.entries(FINETUNE).map(([name, run]) => [name, { ...run, ...files(name) }]);
  await writeFile(path('finetune.json'), JSON.stringify(Object.fromEntries(runs)));
  for (const [name, line] of Object.entries(LINES)) {
    const lines = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => `${JSON.stringify(line(from + i))}\n`).join('');
    await writeFile(path(`${name}.train.jsonl`), lines(0, 24));
    await writeFile(path(`${name}.eval.jsonl`), lines(100, 13));
  }
  const base = [
    '--config',
    path('tiny.json'),
    '--data',
    path('text.txt'),
    '--set',
    'train.steps=6',
    '--set',
    'model.tiedEmbedding=false',
  ];
  await jsonLines(['pretrain', ...base, '--out', path('base'), '--quiet', '--json']);

  const args = [fixture('train-everything'), path('')];
  const alone = await runRank(args);
  for (const [size, results] of [
    [1, [alone]],
    [2, await runRanks(args, 2)],
    [3, await runRanks(args, 3)],
  ] as const) {
    for (const { code, stderr } of results) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // Each rank is told the whole job's numbers.
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    outcomes.set(size, JSON.parse(results[0]?.stdout ?? ''));
  }
});
afterAll(() => workspace.remove());

const outcome = (size: number, name: string): Outcome => {
  const found = outcomes.get(size)?.[name];
  if (found === undefined) throw new Error(`${name} was not run by ${size}`);
  return found;
};

async function weights(size: number, name: string): Promise<number[]> {
  const file = await readReferences(workspace.path(`${name}-of-${size}/checkpoint.safetensors`));
  const names = file.names.filter((each) => each.startsWith('model.'));
  const compared = names.filter((each) => name !== 'multiple-choice' || each !== 'model.head.bias');
  return compared.flatMap((each) => {
    const values = Array.from(file.get(each).data, Number);
    const third = values.length / 3; // queries, keys, values
    return each.endsWith('c_attn.bias') ? [...values.slice(0, third), ...values.slice(2 * third)] : values;
  });
}

const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe.each([2, 3])('%i processes', (size) => {
  it.each(NAMES)('come to the losses, measures and weights of one: %s', async (name) => {
    const [one, several] = [outcome(1, name), outcome(size, name)];
    expect(several.tokens).toBe(one.tokens);
    for (const [i, loss] of one.losses.entries()) {
      expect(Math.abs((several.losses[i] ?? Number.NaN) / loss - 1)).toBeLessThan(LOSS_TOLERANCE);
    }
    const [a, b] = [await weights(1, name), await weights(size, name)];
    expect(b).toHaveLength(a.length);
    expect(norm(a.map((value, i) => value - (b[i] ?? Number.NaN))) / norm(a)).toBeLessThan(WEIGHT_TOLERANCE);
    if (one.evaluation?.accuracy === undefined) return;
    expect(several.evaluation?.accuracy).toBe(one.evaluation.accuracy);
    expect(several.evaluation?.confusion).toEqual(one.evaluation.confusion);
  });
});
