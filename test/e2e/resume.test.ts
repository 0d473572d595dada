import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, jsonLines, losses, makeText, makeWorkspace, start, untilExists, untilLogged } from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let whole: Record<string, unknown>[];

/** Long enough that a signal sent after a few steps arrives in the middle. */
const STEPS = [
  '--set',
  'train.steps=400',
  '--set',
  'train.saveEvery=10',
  '--set',
  'train.evalEvery=100',
  '--set',
  'train.evalBatches=5',
];

function pretrain(name: string, ...more: string[]): string[] {
  const { path } = workspace;
  return [
    'pretrain',
    '--config',
    path('tiny.json'),
    '--data',
    path('text.txt'),
    '--out',
    path(name),
    '--threads',
    '1',
    ...STEPS,
    ...more,
  ];
}

beforeAll(async () => {
  workspace = await makeWorkspace();
  await jsonLines(pretrain('whole', '--json', '--quiet'));
  whole = await losses(workspace.path('whole'));
});
afterAll(() => workspace.remove());

describe('gptorch pretrain --resume', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
    ['SIGKILL', null],
  ] as const)(
    'after %s gives the losses and the weights of a run that was not stopped, bit for bit',
    async (signal, code) => {
      const out = workspace.path(`after-${signal}`);
      const first = start(pretrain(`after-${signal}`, '--quiet'));
      await untilLogged(out, 60);
      first.child.kill(signal);
      expect((await first.result).code).toBe(code);
      const before = await losses(out);
      expect(before.length).toBeLessThan(whole.length);

      const summary = (
        await jsonLines(['pretrain', '--out', out, '--resume', '--json', '--quiet', '--threads', '1'])
      ).at(-1);
      expect(summary).toMatchObject({ step: 400, stopped: 'steps' });
      expect(await losses(out)).toEqual(whole);
      const [a, b] = await Promise.all(
        ['whole', `after-${signal}`].map((name) => readFile(workspace.path(`${name}/model.safetensors`))),
      );
      expect(a?.equals(b as Buffer)).toBe(true);
    },
  );

  it('goes on where its first validation was stopped; until then nothing is trained', async () => {
    await writeFile(workspace.path('long.txt'), makeText(60_000));
    const out = workspace.path('unmeasured');
    const slow = [
      '--data',
      workspace.path('long.txt'),
      '--set',
      'data.validationFraction=0.9',
      '--set',
      'train.batchSize=1',
    ];
    const first = start(pretrain('unmeasured', ...slow, '--set', 'train.evalBatches=0'));
    await untilExists(`${out}/checkpoint.safetensors`);
    first.child.kill('SIGINT');
    expect(await first.result).toMatchObject({
      code: 130,
      stdout: `step 0, nothing is trained yet; go on with gptorch pretrain --out ${out} --resume\n`,
    });
    const more = ['--set', 'train.evalBatches=1', '--set', 'train.steps=1', '--set', 'train.warmupSteps=0'];
    expect(await gptorch(['pretrain', '--out', out, '--resume', ...more])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^step 1: train loss \d+\.\d{4}, best validation loss /),
    });
  });

  it('does nothing more to a run that is complete', async () => {
    const summary = (
      await jsonLines(['pretrain', '--out', workspace.path('whole'), '--resume', '--json', '--quiet'])
    ).at(-1);
    expect(summary).toMatchObject({ step: 400, stopped: 'steps' });
    expect(await losses(workspace.path('whole'))).toEqual(whole);
  });

  it('refuses another model or other data', async () => {
    const other = await gptorch(pretrain('whole', '--resume', '--set', 'model.layers=1'));
    expect(other).toMatchObject({ code: 2, stderr: expect.stringMatching(/^gptorch: .*model.*\n$/) });
  });
});
