import { existsSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../lib/data/index.js';
import { readSafetensorsHeader } from '../../lib/io/index.js';
import {
  gptorch,
  jsonLines,
  losses,
  makeText,
  makeWorkspace,
  parseLines,
  start,
  untilExists,
  untilLogged,
} from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let path: (name: string) => string;

const WORDS = makeText(400).split(/\s+/);
/** Words that are in the alphabet of the workspace's text; those of an example say its label. */
const text = (i: number, word: string) => `${WORDS[i % 300]} ${word} ${WORDS[(i * 7) % 300]}`;
const lines = (count: number, line: (i: number) => object) =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify(line(i))}\n`).join('');

const classification = (i: number) => ({ text: text(i, i % 2 ? 'ship' : 'night'), label: i % 2 ? 'sea' : 'land' });
const TASKS = {
  classification,
  entailment: (i: number) => ({ premise: text(i, 'a'), hypothesis: 'old', label: i % 3 ? 'neutral' : 'entailment' }),
  similarity: (i: number) => ({ a: text(i, 'home'), b: text(i + (i % 2), 'home'), label: i % 2 }),
  score: (i: number) => ({ a: text(i, 'home'), b: text(i + (i % 2), 'home'), score: (i % 5) / 2 }),
  'multiple-choice': (i: number) => ({
    context: text(i, 'we'),
    choices: ['sea', 'old ship', 'at home', 'a'].slice(0, 2 + (i % 3)),
    label: i % 2,
  }),
};
type Name = keyof typeof TASKS;

beforeAll(async () => {
  workspace = await makeWorkspace();
  path = workspace.path;
  await jsonLines(['pretrain', '--config', path('tiny.json'), '--data', path('text.txt'), '--out', path('base'), '--quiet', '--json']); // biome-ignore format: one call
  for (const [name, line] of Object.entries(TASKS)) {
    await writeFile(path(`${name}.train.jsonl`), lines(60, line));
    await writeFile(
      path(`${name}.eval.jsonl`),
      lines(20, (i) => line(i + 100)),
    );
  }
});
afterAll(() => workspace.remove());

function finetune(name: Name, out: string, ...more: string[]): string[] {
  const task = name === 'score' ? 'similarity' : name;
  const files = ['--train', path(`${name}.train.jsonl`), '--eval', path(`${name}.eval.jsonl`)];
  const rest = ['--out', path(out), '--threads', '1', '--lr', '3e-3', '--batch-size', '8', '--quiet'];
  return ['finetune', '--task', task, '--model', path('base'), ...files, ...rest, ...more];
}

const last = (rows: Record<string, unknown>[]) => rows.at(-1) ?? {};

describe('gptorch finetune', () => {
  it('learns, reports, and leaves a model directory that evaluate and predict open', async () => {
    const args = finetune('classification', 'learned', '--epochs', '12', '--lm-data', path('text.txt'), '--json');
    const rows = await jsonLines(args);
    const summary = last(rows);
    expect(rows.filter(({ event }) => event === 'validation')).toHaveLength(13);
    expect(summary).toMatchObject({
      stopped: 'steps',
      step: 96,
      accuracy: 1,
      baseline: 0.5,
      examples: { train: 60, evaluation: 20, cut: 0 },
      task: { task: 'classification', labels: ['land', 'sea'], maxLength: 32, dropout: 0.1 },
    });
    const { before, after } = summary.languageModeling as Record<'before' | 'after', { perplexity: number }>;
    expect(before.perplexity).toBeGreaterThan(1);
    expect(after.perplexity).not.toBe(before.perplexity);

    const report = await readFile(path('learned/report.html'), 'utf8');
    expect(report).toMatch(/Confusion matrix[\s\S]*land[\s\S]*sea/);
    expect(report).toMatch(/<svg[\s\S]*<\/svg>/);
    expect(report).not.toMatch(/NaN|undefined|<script/);
    const config = JSON.parse(await readFile(path('learned/config.json'), 'utf8'));
    expect(config).toMatchObject({ model_type: 'gpt2', task: { labels: ['land', 'sea'] } });
    const { tensors } = await readSafetensorsHeader(path('learned/model.safetensors'));
    expect(tensors.get('head.weight')).toMatchObject({ shape: [2, 32] });
    expect(tensors.get('head.bias')).toMatchObject({ shape: [2] });

    const evaluated = last(await jsonLines(['evaluate', '--model', path('learned'), '--data', path('classification.eval.jsonl'), '--json'])); // biome-ignore format: one call
    expect(evaluated).toMatchObject({ accuracy: 1, macroF1: 1, matthews: 1, confusion: [[10, 0], [0, 10]] }); // biome-ignore format: a matrix
    const asked = Array.from({ length: 4 }, (_, i) => classification(i + 100));
    const input = asked.map(({ text }) => JSON.stringify({ text })).join('\n');
    const answers = await jsonLines(['predict', '--model', path('learned'), '--input', '-'], input);
    expect(answers.map(({ label }) => label)).toEqual(asked.map(({ label }) => label));
    for (const { probabilities } of answers) {
      const { land = 0, sea = 0 } = probabilities as Record<string, number>;
      expect(land + sea).toBeCloseTo(1, 12);
    }
  });

  it('says in words how many examples there were, and how many too long', async () => {
    const { stdout } = await gptorch(finetune('classification', 'cut', '--epochs', '1', '--max-length', '5'));
    expect(stdout).toMatch(/^step 8, best at step 8; 60 examples, and 20 to measure on\n80 of them cut to 5 tokens\n/);
    const evaluate = ['evaluate', '--model', path('cut'), '--data', path('classification.eval.jsonl')];
    expect((await gptorch(evaluate)).stdout).toMatch(/^20 examples: loss [\s\S]*\n20 of them cut to 5 tokens\n$/);
  });

  it.each<[Name, object]>([
    ['entailment', { task: { labels: ['entailment', 'neutral'] } }],
    ['similarity', { task: { labels: [0, 1] } }],
    ['score', { pearson: expect.any(Number), spearman: expect.any(Number) }],
    ['multiple-choice', { accuracy: expect.any(Number), task: { task: 'multiple-choice' } }],
  ])('does %s, from the data to the answers', async (name, wanted) => {
    const summary = last(await jsonLines(finetune(name, name, '--epochs', '1', '--json')));
    expect(summary).toMatchObject(wanted);
    const evaluated = last(await jsonLines(['evaluate', '--model', path(name), '--data', path(`${name}.eval.jsonl`), '--json'])); // biome-ignore format: one call
    expect(summary.evaluation).toMatchObject({ loss: evaluated.loss });
    const answers = await jsonLines([
      'predict',
      '--model',
      path(name),
      '--input',
      path(`${name}.eval.jsonl`),
      '--json',
    ]);
    expect(answers.at(-1)).toMatchObject({ examples: 20 });
    const answer = name === 'score' ? { score: expect.any(Number) } : { label: expect.anything(), probabilities: expect.anything() }; // biome-ignore format: one line
    expect(answers.slice(0, -1)).toEqual(Array.from({ length: 20 }, () => answer));

    const inBfloat16 = ['--model', path(name), '--json', '--dtype', 'bfloat16'];
    const rounded = last(await jsonLines(['evaluate', '--data', path(`${name}.eval.jsonl`), ...inBfloat16]));
    expect(rounded.loss).not.toBe(evaluated.loss);
    expect(Math.abs((rounded.loss as number) / (evaluated.loss as number) - 1)).toBeLessThan(0.02);
    const roundedAnswers = await jsonLines(['predict', '--input', path(`${name}.eval.jsonl`), ...inBfloat16]);
    expect(roundedAnswers.at(-1)).toMatchObject({ examples: 20 });
    expect(roundedAnswers).not.toEqual(answers);
  });

  it('goes on after SIGTERM as if it had not been stopped, bit for bit', async () => {
    const args = ['--epochs', '40', '--json'];
    await jsonLines(finetune('classification', 'whole', ...args));
    const first = start(finetune('classification', 'stopped', ...args));
    await untilLogged(path('stopped'), 60);
    first.child.kill('SIGTERM');
    expect((await first.result).code).toBe(143);
    const before = await losses(path('stopped'));
    const whole = await losses(path('whole'));
    expect(before.length).toBeLessThan(whole.length);
    await jsonLines(['finetune', '--out', path('stopped'), '--resume', '--threads', '1', '--json', '--quiet']);
    expect(await losses(path('stopped'))).toEqual(whole);
    const [a, b] = await Promise.all(['whole', 'stopped'].map((name) => readFile(path(`${name}/model.safetensors`))));
    expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
  });

  it('keeps no head that has learned nothing, though its scores tie with those that have', async () => {
    // Two examples of each class: an untrained head is as right as one of a few steps.
    await writeFile(path('tie.jsonl'), lines(4, classification));
    const tie = ['--train', path('tie.jsonl'), '--eval', path('tie.jsonl'), '--lr', '1e-4', '--epochs', '3', '--json'];
    const rows = await jsonLines(finetune('classification', 'tie', ...tie));
    const validations = rows.filter(({ event }) => event === 'validation') as unknown as Validation[];
    const trained = validations.slice(1);
    const top = Math.max(...trained.map(({ scores }) => scores.accuracy));
    const best = trained.filter(({ scores }) => scores.accuracy === top).sort((a, b) => a.valLoss - b.valLoss)[0];
    expect(last(rows).bestStep).toBe(best?.step);
    expect(new Set(validations.map(({ scores }) => scores.accuracy)).size).toBe(1);
  });

  it('keeps no head that has learned nothing, though those that have are worse', async () => {
    // What it learns is wrong in the file that it is measured on.
    const examples = parseLines(lines(4, classification));
    const [one, other] = new Set(examples.map(({ label }) => label));
    const turned = examples.map((each) => JSON.stringify({ ...each, label: each.label === one ? other : one }));
    await writeFile(path('right.jsonl'), lines(4, classification));
    await writeFile(path('wrong.jsonl'), turned.join('\n'));
    const data = ['--train', path('right.jsonl'), '--eval', path('wrong.jsonl')];
    const rows = await jsonLines(
      finetune('classification', 'worse', ...data, '--lr', '0.03', '--epochs', '2', '--json'),
    );
    const [first, ...trained] = rows.filter(({ event }) => event === 'validation') as unknown as Validation[];
    for (const { valLoss, scores } of trained) {
      expect(valLoss).toBeGreaterThan(first?.valLoss ?? Number.NaN);
      expect(scores.accuracy).toBeLessThanOrEqual(first?.scores.accuracy ?? Number.NaN);
    }
    expect(last(rows).bestStep).toBeGreaterThan(0);
  });

  it('sees every example once an epoch, in whatever parts a step is computed', async () => {
    const shape = ['--dropout', '0', '--epochs', '2', '--batch-size', '7', '--json'];
    for (const parts of ['1', '3', '7'])
      await jsonLines(finetune('classification', `parts-${parts}`, ...shape, '--accumulate', parts));
    const all = await Promise.all(['1', '3', '7'].map((parts) => losses(path(`parts-${parts}`))));
    const [whole, ...others] = all.map((rows) => rows.filter(({ trainLoss }) => trainLoss !== undefined));
    // 60 examples: eight steps of 7, one of 4.
    expect(whole).toHaveLength(18);
    for (const other of others) {
      expect(other).toHaveLength(18);
      for (const [i, { trainLoss }] of other.entries()) expect(trainLoss).toBeCloseTo(Number(whole?.[i]?.trainLoss), 4);
    }
  });

  it('stopped before the first epoch is measured it ends with 130, and goes on as if it had not been', async () => {
    const shape = ['--epochs', '2', '--lm-data', path('text.txt'), '--json'];
    await jsonLines(finetune('classification', 'not-early', ...shape));
    const first = start(finetune('classification', 'very-early', ...shape));
    await untilExists(path('very-early'));
    first.child.kill('SIGINT');
    const { code, stderr } = await first.result;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    const resumed = last(await jsonLines(['finetune', '--out', path('very-early'), '--resume', '--threads', '1', '--json', '--quiet'])); // biome-ignore format: one call
    expect(await losses(path('very-early'))).toEqual(await losses(path('not-early')));
    expect(resumed.languageModeling).toMatchObject({ before: { perplexity: expect.any(Number) } });
  });

  it('is not resumed with other blocks frozen', async () => {
    const resume = ['finetune', '--out', path('very-early'), '--resume', '--quiet', '--freeze', '1'];
    expect(await gptorch(resume)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/very-early: cannot resume with another freeze: it was 0, now it is 1\n$/),
    });
  });

  it('is not resumed with other examples', async () => {
    await writeFile(path('fewer.jsonl'), lines(4, classification));
    for (const option of ['--train', '--eval']) {
      const resume = ['finetune', '--out', path('very-early'), '--resume', '--quiet', option, path('fewer.jsonl')];
      expect(await gptorch(resume), option).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/very-early: cannot resume, model or data are not what the run began with\n$/),
      });
    }
  });

  it('resumed with another text it measures that one before and after', async () => {
    await writeFile(path('other.txt'), makeText(900).slice(300, 900));
    const resume = ['--resume', '--threads', '1', '--json', '--quiet', '--epochs', '13'];
    const run = ['finetune', '--out', path('learned'), ...resume, '--lm-data', path('other.txt')];
    const { languageModeling } = last(await jsonLines(run));
    const { before, after } = languageModeling as Record<'before' | 'after', { tokens: number; perplexity: number }>;
    const base = last(await jsonLines(['evaluate', '--model', path('base'), '--data', path('other.txt'), '--json']));
    expect(before.tokens).toBe(after.tokens);
    expect(before.perplexity).toBeCloseTo(Number(base.perplexity), 3);
  });

  it('starts from a head that the directory has, and keeps what is frozen', async () => {
    const learned = ['--model', path('learned'), '--epochs', '1', '--freeze', '2', '--lr', '1e-6', '--json'];
    const rows = await jsonLines(finetune('classification', 'again', ...learned));
    expect(rows[0]).toMatchObject({ step: 0, scores: { accuracy: 1 } });
    const frozen = (name: string) => readTensors(path(name), /wte|wpe|h\.[01]\./);
    expect(await frozen('again')).toEqual(await frozen('learned'));
  });

  it('keeps what the model’s configuration says of the tokens that begin and end a text', async () => {
    await cp(path('base'), path('ends'), { recursive: true });
    const config = JSON.parse(await readFile(path('ends/config.json'), 'utf8'));
    const ends = { bos_token_id: 1, eos_token_id: [2, 3] };
    await writeFile(path('ends/config.json'), JSON.stringify({ ...config, ...ends }));
    await jsonLines(finetune('classification', 'ended', '--model', path('ends'), '--epochs', '1', '--json'));
    expect(JSON.parse(await readFile(path('ended/config.json'), 'utf8'))).toMatchObject(ends);
  });

  it('a model that gives NaN is never the best, though its answers seem right', async () => {
    const train = lines(20, classification);
    await writeFile(path('all.train.jsonl'), train);
    await writeFile(path('all.eval.jsonl'), train.replaceAll('"label":"sea"', '"label":"land"'));
    const files = ['--train', path('all.train.jsonl'), '--eval', path('all.eval.jsonl'), '--batch-size', '20'];
    const model = ['--model', path('learned'), '--labels', 'land,sea', '--epochs', '1', '--lr', '1e6', '--json'];
    const rows = await jsonLines(finetune('classification', 'not-a-number', ...files, ...model));
    expect(rows[1]).toMatchObject({ step: 1, valLoss: null, scores: { accuracy: 1 } });
    expect(last(rows)).toMatchObject({ bestStep: 0, accuracy: 0.5 });
  });

  it('stops early, and takes the order of the file', async () => {
    const args = ['--epochs', '50', '--patience', '2', '--shuffle', 'false', '--lambda', '0', '--json'];
    const summary = last(await jsonLines(finetune('classification', 'early', ...args)));
    expect(summary).toMatchObject({ stopped: 'patience' });
    expect(Number(summary.step)).toBeLessThan(400);
  });
});

interface Validation {
  step: number;
  valLoss: number;
  scores: { accuracy: number };
}

interface Wrong {
  name: string;
  task?: Name;
  train?: string;
  evaluation?: string;
  more?: string[];
  says: RegExp;
}

const good = lines(4, classification);
const wrong: Wrong[] = [
  { name: 'a missing field', train: `${good}{"label":"sea"}\n`, says: /train\.jsonl:5: field "text" is missing/ },
  {
    name: 'an unknown label at evaluation',
    evaluation: '{"text":"sea","label":"air"}\n',
    says: /eval\.jsonl:1: field "label" is "air"; allowed: "land", "sea"/,
  },
  {
    name: 'one choice',
    task: 'multiple-choice',
    train: '{"context":"a","choices":["sea"],"label":0}\n',
    says: /train\.jsonl:1: field "choices"/,
  },
  { name: 'an empty text', train: `${good}{"text":"","label":"sea"}\n`, says: /train\.jsonl:5: field "text" is ""/ },
  {
    name: 'a line of 10 MB',
    train: `${good}{"text":"${'sea '.repeat(2_500_000)}","label":"sea"}\n`,
    says: /train\.jsonl:5: longer than/,
  },
  {
    name: 'a key twice',
    train: `{"text":"sea","text":"old","label":"sea"}\n${good}`,
    says: /train\.jsonl:1: "text" is there twice/,
  },
  {
    name: 'a label of the wrong type',
    train: `${good}{"text":"sea","label":true}\n`,
    says: /train\.jsonl:5: field "label" is true/,
  },
  {
    name: 'labels of two types',
    train: `${good}{"text":"sea","label":1}\n`,
    says: /train\.jsonl:5: field "label" is 1/,
  },
  {
    name: 'one label only',
    train: lines(3, () => classification(1)),
    says: /train\.jsonl: field "label" has 1 values/,
  },
  {
    name: 'a character that the vocabulary lacks',
    train: `${good}{"text":"Ω","label":"sea"}\n`,
    says: /train\.jsonl:5: character.*Ω/,
  },
  { name: 'no JSON', evaluation: 'text\n', says: /eval\.jsonl:1: not JSON/ },
  { name: 'an empty file', evaluation: '', says: /eval\.jsonl: is empty/ },
  { name: 'a task of no known kind', more: ['--task', 'translation'], says: /"task" is "translation"/ },
  { name: 'a negative learning rate', more: ['--lr', '-1'], says: /--lr/ },
  {
    name: 'a longer sequence than the context',
    more: ['--max-length', '33'],
    says: /maxLength is 33; allowed: up to .*32/,
  },
  { name: 'more frozen blocks than there are', more: ['--freeze', '3'], says: /freeze is 3; allowed: 0 to .*2 blocks/ },
  {
    name: 'more parts than a step has examples',
    more: ['--batch-size', '4', '--accumulate', '5'],
    says: /"accumulate" is 5; allowed: 1 to batchSize, which is 4/,
  },
  { name: 'a model that is not there', more: ['--model', '/nowhere'], says: /nowhere/ },
  { name: 'nothing to resume', more: ['--resume'], says: /resume/ },
];

describe('a tokenizer that has more tokens than its model', () => {
  it.each(['finetune', 'evaluate a task', 'predict', 'evaluate a text'])('is refused by %s', async (command) => {
    const from = command === 'finetune' || command === 'evaluate a text' ? 'base' : 'learned';
    await cp(path(from), path('misfit'), { recursive: true });
    const tokenizer = await loadTokenizer(path(from));
    const extended = tokenizer.withSpecialTokens?.(['<a1>', '<a2>', '<a3>', '<a4>']);
    await extended?.save(path('misfit'));
    const data = path(command === 'evaluate a text' ? 'text.txt' : 'classification.eval.jsonl');
    const args = {
      finetune: [...finetune('classification', 'none', '--model', path('misfit'))],
      'evaluate a task': ['evaluate', '--model', path('misfit'), '--data', data],
      'evaluate a text': ['evaluate', '--model', path('misfit'), '--data', data],
      predict: ['predict', '--model', path('misfit'), '--input', data],
    }[command];
    const { code, stderr } = await gptorch(args ?? []);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/misfit: the tokenizer has \d+ tokens, the model a vocabulary of \d+/),
    });
    await rm(path('misfit'), { recursive: true });
  });
});

describe('gptorch finetune with bad input ends with 2, one line on stderr, and writes nothing', () => {
  it.each(wrong)('$name', async ({ task = 'classification', train, evaluation, more = [], says }) => {
    await writeFile(path('bad.train.jsonl'), train ?? good);
    await writeFile(path('bad.eval.jsonl'), evaluation ?? good);
    const files = ['--train', path('bad.train.jsonl'), '--eval', path('bad.eval.jsonl'), '--out', path('bad/run')];
    const { code, stdout, stderr } = await gptorch([
      'finetune',
      '--task',
      task,
      '--model',
      path('base'),
      ...files,
      ...more,
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(says);
    expect(existsSync(path('bad'))).toBe(false);
  });

  it('a damaged head', async () => {
    await cp(path('learned'), path('damaged'), { recursive: true });
    const file = path('damaged/model.safetensors');
    const { offset = 0 } = (await readSafetensorsHeader(file)).tensors.get('head.weight') ?? {};
    const weights = await readFile(file);
    weights.writeUInt8(weights.readUInt8(offset) ^ 1, offset);
    await writeFile(file, weights);
    const { code, stderr } = await gptorch(finetune('classification', 'bad/run', '--model', path('damaged')));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^[^\n]*head\.weight[^\n]*\n$/) });
    expect(existsSync(path('bad'))).toBe(false);
  });

  it('a byte order mark and the line ends of Windows are no mistake', async () => {
    const windows = `\ufeff${lines(20, classification).replaceAll('\n', '\r\n')}`;
    await writeFile(path('windows.jsonl'), windows);
    const evaluate = (file: string) =>
      jsonLines(['evaluate', '--model', path('learned'), '--data', path(file), '--json']);
    await writeFile(path('unix.jsonl'), lines(20, classification));
    expect(await evaluate('windows.jsonl')).toEqual(await evaluate('unix.jsonl'));
  });

  it('evaluate refuses what means nothing for a task', async () => {
    const args = ['evaluate', '--model', path('learned'), '--data', path('classification.eval.jsonl')];
    const { code, stderr } = await gptorch([...args, '--baselines', path('text.txt')]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/--baselines is for language models/) });
    expect((await gptorch([...args, '--loss-on', 'both'])).stderr).toMatch(/--loss-on is for language models/);
  });

  it('evaluate and predict refuse a model without a head, and scores for classes', async () => {
    const headless = await gptorch(['predict', '--model', path('base'), '--input', '-'], '{"text":"sea"}');
    expect(headless).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /config\.json: has no task: a language model without a head; gptorch finetune makes one/,
      ),
    });
    const scored = await gptorch(['evaluate', '--model', path('similarity'), '--data', path('score.eval.jsonl')]);
    expect(scored).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/score\.eval\.jsonl:1: field "label" is missing/),
    });
  });
});

async function readTensors(directory: string, pattern: RegExp): Promise<[string, string][]> {
  const { tensors } = await readSafetensorsHeader(`${directory}/model.safetensors`);
  const bytes = await readFile(`${directory}/model.safetensors`);
  return [...tensors]
    .filter(([name]) => pattern.test(name))
    .map(([name, { offset, bytes: length }]) => [name, bytes.toString('base64', offset, offset + length)]);
}
