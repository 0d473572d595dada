import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, losses, makeWorkspace, start, untilLogged } from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let path: (name: string) => string;

beforeAll(async () => {
  workspace = await makeWorkspace();
  path = workspace.path;
  const lines = Array.from({ length: 40 }, (_, i) =>
    JSON.stringify({ text: i % 2 ? 'the sea' : 'a ship', label: i % 2 }),
  );
  await writeFile(path('task.jsonl'), `${lines.join('\n')}\n`);
});
afterAll(() => workspace.remove());

const pretrain = (out: string, steps: number) => {
  const files = ['--config', path('tiny.json'), '--data', path('text.txt'), '--out', path(out), '--quiet'];
  return ['pretrain', ...files, '--set', `train.steps=${steps}`, '--set', 'train.evalEvery=50'];
};
const ownerOf = async (out: string) => JSON.parse(await readFile(path(`${out}/run.lock`), 'utf8'));

describe('a folder in which a process trains', () => {
  it.each([
    ['one process', []],
    ['launch', ['launch', '--processes', '2']],
  ])('is refused to others, by its number: %s', async (name, prefix) => {
    const { child, result } = start([...prefix, ...pretrain(name, 8000)]);
    await untilLogged(path(name), 60);
    const { pid } = await ownerOf(name);
    if (prefix.length === 0) expect(pid).toBe(child.pid);
    for (const other of [pretrain(name, 10), ['pretrain', '--out', path(name), '--resume']]) {
      const { code, stderr } = await gptorch(other);
      expect(stderr).toMatch(
        new RegExp(`^gptorch: [^\n]*${name}: process ${pid} on [^\n]* trains in it since [^\n]*\n$`),
      );
      expect(code).toBe(2);
    }
    const finetune = ['finetune', '--task', 'classification', '--model', path(name), '--train', path('task.jsonl')];
    const other = await gptorch([...finetune, '--eval', path('task.jsonl'), '--out', path(name)]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining(`process ${pid} on`) });
    child.kill('SIGTERM');
    expect((await result).code).toBe(143);
    expect(existsSync(path(`${name}/run.lock`))).toBe(false);
    const steps = (await losses(path(name))).flatMap(({ event, step }) => (event === 'step' ? [step as number] : []));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  });

  it('is free again after SIGKILL', async () => {
    const { child, result } = start(pretrain('killed', 4000));
    await untilLogged(path('killed'), 60);
    child.kill('SIGKILL');
    await result;
    expect((await ownerOf('killed')).pid).toBe(child.pid);
    const again = await gptorch([
      'pretrain',
      '--out',
      path('killed'),
      '--resume',
      '--set',
      'train.steps=200',
      '--quiet',
    ]);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(path('killed/run.lock'))).toBe(false);
  });
});
