import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, jsonLines, losses, makeWorkspace, start, untilLogged } from './cli.js';

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
