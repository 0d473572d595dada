import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, jsonLines, losses, makeWorkspace, tinyConfig } from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let path: (name: string) => string;

const dialogues = [
  ['你好', '你好呀'],
  ['再见', '明天见'],
  ['早上好', '早'],
  ['谢谢', '不客气'],
];
const often = Array.from({ length: 8 }, () => dialogues).flat();

const train = (out: string, data: string, ...more: string[]) =>
  jsonLines([
    ...['pretrain', '--config', path('chat.json'), '--data', path(data), '--out', path(out)],
    ...['--threads', '1', '--json', '--quiet', ...more],
  ]);
const evaluate = async (model: string, ...more: string[]) => {
  const lines = await jsonLines(['evaluate', '--model', path(model), '--data', path('chat.txt'), ...more, '--json']);
  return lines.at(-1);
};
/** The perplexities that counting gives. */
function baselinesOf(measured: Record<string, unknown> | undefined): { unigram: number; bigram: number } {
  const { unigram, bigram } = (measured?.baselines ?? {}) as Record<string, { perplexity: number } | undefined>;
  return { unigram: unigram?.perplexity ?? Number.NaN, bigram: bigram?.perplexity ?? Number.NaN };
}

const STEPS_5 = ['--set', 'train.steps=5', '--set', 'train.warmupSteps=0'];

beforeAll(async () => {
  workspace = await makeWorkspace();
  path = workspace.path;
  const config = {
    ...tinyConfig,
    data: { format: 'dialogues', validationFraction: 0 },
    train: { ...tinyConfig.train, steps: 150, lr: 1e-2, evalEvery: 150 },
  };
  await Promise.all([
    writeFile(path('chat.json'), JSON.stringify(config)),
    writeFile(path('chat.txt'), often.map((turns) => turns.join('\n')).join('\n\n')),
    writeFile(path('chat.tsv'), often.map((turns) => turns.join('\t')).join('\n')),
    writeFile(path('chat.dialogues.json'), JSON.stringify(often.map((turns) => turns.map((turn) => [...turn].join(' '))))), // biome-ignore format: one call
    writeFile(path('chat.jsonl'), often.map((dialog) => JSON.stringify({ dialog })).join('\n')),
    writeFile(path('other.txt'), '你好\n鲸鱼呀\n'),
  ]);
  await Promise.all([
    train('chat', 'chat.txt'),
    train('answers', 'chat.txt', '--loss-on', 'answers'),
    jsonLines(['pretrain', '--config', path('tiny.json'), '--data', path('text.txt'), '--out', path('text'), '--json', '--quiet', ...STEPS_5]), // biome-ignore format: one call
  ]);
}, 60_000);
afterAll(() => workspace.remove());

describe('gptorch pretrain on dialogues', () => {
  it('reads every layout to the same run', async () => {
    const [lines, ...others] = await Promise.all([
      train('lines', 'chat.txt', ...STEPS_5),
      train('tabs', 'chat.tsv', ...STEPS_5),
      train('json', 'chat.dialogues.json', ...STEPS_5, '--set', 'data.dropSpaces=true'),
      train('jsonl', 'chat.jsonl', ...STEPS_5, '--set', 'data.layout=jsonl'),
    ]);
    const [expected, ...runs] = await Promise.all(['lines', 'tabs', 'json', 'jsonl'].map((out) => losses(path(out))));
    expect(expected).toHaveLength(5);
    for (const run of runs) expect(run).toEqual(expected);
    expect(others.map((summary) => summary.at(-1)?.trainLoss)).toEqual(Array(3).fill(lines.at(-1)?.trainLoss));
  });

  it('holds out whole dialogues where it is told to, and validates on them', async () => {
    const summary = await train('held', 'chat.txt', ...STEPS_5, '--set', 'data.validationFraction=0.2');
    expect(summary.at(-1)).toMatchObject({ valLoss: expect.any(Number), bestValLoss: expect.any(Number) });
  });

  it('--loss-on answers learns the answers, with the separator after them, and nothing of the questions', async () => {
    // 10 characters and 4 separators in the answers of four dialogues; 9 and 4 in the questions, whose first 4 are no targets.
    const [both, answers] = await Promise.all([evaluate('answers'), evaluate('answers', '--loss-on', 'answers')]);
    expect([both?.tokens, answers?.tokens]).toEqual([8 * 23, 8 * 14]);
    const questionLoss = (8 * 23 * Number(both?.loss) - 8 * 14 * Number(answers?.loss)) / (8 * 9);
    expect(answers?.loss).toBeLessThan(0.3);
    expect(questionLoss).toBeGreaterThan(2);
    const learnedBoth = await evaluate('chat', '--loss-on', 'both');
    expect(learnedBoth?.loss).toBeLessThan(0.6);
  });

  it('goes on exactly where it was stopped, in the middle of an epoch', async () => {
    const whole = ['--set', 'train.warmupSteps=0', '--set', 'train.decayEnd=14', '--set', 'train.evalEvery=7'];
    await Promise.all([
      train('straight', 'chat.txt', ...whole, '--set', 'train.steps=14'),
      train('stopped', 'chat.txt', ...whole, '--set', 'train.steps=7'),
    ]);
    await jsonLines([
      ...['pretrain', '--resume', '--out', path('stopped'), '--threads', '1', '--json', '--quiet'],
      ...['--set', 'train.steps=14'],
    ]);
    expect(await losses(path('stopped'))).toEqual(await losses(path('straight')));
  });

  it('goes on with the same speakers only', async () => {
    const { code, stderr } = await gptorch(['pretrain', '--resume', '--out', path('answers'), '--loss-on', 'both']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^[^\n]*cannot resume with another data: [^\n]*"answers"[^\n]*"both"[^\n]*\n$/);
  });

  it('refuses --loss-on for running text, and a speaker that there is not', async () => {
    const run = (...more: string[]) =>
      gptorch(['pretrain', '--config', path('tiny.json'), '--data', path('text.txt'), '--out', path('no'), ...more]);
    expect(await run('--loss-on', 'answers')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('data.lossOn'),
    });
    expect(await run('--loss-on', 'questions')).toMatchObject({ code: 2, stderr: expect.stringContaining('both') });
  });
});

describe('gptorch evaluate', () => {
  it('gives perplexity on dialogues beside baselines on the same targets', async () => {
    const measured = await evaluate('chat', '--baselines', path('chat.txt'));
    expect(measured).toMatchObject({ tokens: 8 * 23, dialogues: 32, unknown: 0, cut: 0 });
    expect(measured?.perplexity).toBeCloseTo(Math.exp(Number(measured?.loss)), 10);
    const { unigram, bigram } = baselinesOf(measured);
    expect(bigram).toBeLessThan(unigram);
    expect(measured?.perplexity).toBeLessThan(bigram);
  });

  it('says how many characters are unknown, and leaves them out where it is told to', async () => {
    const run = (...more: string[]) =>
      gptorch(['evaluate', '--model', path('chat'), '--data', path('other.txt'), ...more]);
    expect((await run()).stdout).toMatch(/, 6 tokens\)\n1 dialogues, 0 of them cut .*; 2 characters are <unk>\n$/);
    expect((await run('--skip-unknown')).stdout).toMatch(/, 4 tokens\)\n/);
    expect((await run('--baselines', path('chat.tsv'))).stdout).toMatch(
      /\n {2}unigram +[\d.]+\n {2}bigram +[\d.]+\n {2}trigram +[\d.]+\n {2}this model +[\d.]+\n$/,
    );
  });

  it('gives the baselines of running text too', async () => {
    const files = ['--data', path('text.txt'), '--baselines', path('text.txt')];
    const [measured] = await jsonLines(['evaluate', '--model', path('text'), ...files, '--json']);
    const { unigram, bigram } = baselinesOf(measured);
    expect(unigram).toBeGreaterThan(bigram);
    expect(bigram).toBeGreaterThan(1);
  });

  it('refuses what is for dialogues where the model is none for them', async () => {
    const args = ['evaluate', '--model', path('text'), '--data', path('text.txt'), '--loss-on', 'answers'];
    const { code, stderr } = await gptorch(args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^[^\n]*--loss-on is for dialogues[^\n]*\n$/) }); // biome-ignore format: one call
  });
});

describe('gptorch chat, piped', () => {
  const chat = (input: string, ...args: string[]) => gptorch(['chat', '--model', path('chat'), ...args], input);

  it('answers each line with one, as it was taught', async () => {
    expect(await chat('你好\n/reset\n谢谢\n')).toEqual({ code: 0, stdout: '你好呀\n不客气\n', stderr: '' });
  });

  it('ends at /exit', async () => {
    expect((await chat('你好\n/exit\n谢谢\n')).stdout).toBe('你好呀\n');
  });

  it('gives JSON lines', async () => {
    expect(await chat('你好\n', '--json')).toMatchObject({ stdout: '{"text":"你好呀","finishReason":"stop"}\n' });
    expect((await chat('你好\n', '--json', '--max-new-tokens', '1')).stdout).toBe(
      '{"text":"你","finishReason":"length"}\n',
    );
  });

  it('draws the same with the same seed', async () => {
    const draw = async (seed: string) =>
      (await chat('你好\n谢谢\n'.repeat(4), '--temperature', '5', '--seed', seed)).stdout;
    const [a, again, other] = await Promise.all([draw('1'), draw('1'), draw('2')]);
    expect(a).toBe(again);
    expect(a).not.toBe(other);
  });

  it('goes on when the history no longer fits', async () => {
    const { code, stdout } = await chat('你好\n'.repeat(12));
    expect(code).toBe(0);
    expect(stdout.match(/\n/g)).toHaveLength(12);
  });

  it('answers characters that it never saw', async () => {
    expect(await chat('𠮷🦊\n')).toMatchObject({ code: 0, stderr: '' });
  });

  it('refuses a model that was not trained on dialogues', async () => {
    const { code, stderr } = await gptorch(['chat', '--model', path('text')], '');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^[^\n]*no chat model, its vocabulary has no <sep>[^\n]*gptorch generate[^\n]*\n$/);
  });
});
