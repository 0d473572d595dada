import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonLines, losses, makeWorkspace, start, untilExists } from '../e2e/cli.js';
import { patience } from './forms.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(() => workspace.remove());

/** What one signal does is in test/e2e/resume.test.ts. Here a step of a minute stands between it and the end in order. */
test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'a second %s ends gptorch pretrain at once, with code %i; the last checkpoint resumes',
  {
    timeout: patience,
  },
  async (signal, code) => {
    const out = workspace.path(`twice-${signal}`);
    const data = ['--config', workspace.path('tiny.json'), '--data', workspace.path('text.txt'), '--threads', '1'];
    const { child, result } = start(['pretrain', ...data, '--out', out, '--set', 'train.accumulate=30000']);
    const told = new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => text.includes('once more to stop at once') && resolve());
    });
    const checkpoint = `${out}/checkpoint.safetensors`;
    await untilExists(checkpoint);
    const before = await readFile(checkpoint);
    child.kill(signal);
    await told;
    child.kill(signal);
    expect((await result).code).toBe(code);

    // The step that was under way is not among the losses, so nobody waited for it.
    expect((await losses(out)).filter((line) => 'trainLoss' in line)).toEqual([]);
    expect(before.equals(await readFile(checkpoint))).toBe(true);
    const shorter = ['--set', 'train.accumulate=1', '--set', 'train.steps=10', '--json', '--quiet'];
    const summary = (await jsonLines(['pretrain', ...data, '--out', out, '--resume', ...shorter])).at(-1);
    expect(summary).toMatchObject({ step: 10, stopped: 'steps' });
  },
);
