import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, losses, makeWorkspace, parseLines, type Result } from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let result: Result;
let out: string;

beforeAll(async () => {
  workspace = await makeWorkspace();
  out = workspace.path('run');
  result = await gptorch([
    'pretrain',
    '--config',
    workspace.path('tiny.json'),
    '--data',
    workspace.path('text.txt'),
    '--out',
    out,
    '--json',
    '--threads',
    '1',
  ]);
});
afterAll(() => workspace.remove());

describe('gptorch pretrain --json', () => {
  it('ends with a summary on the last line of stdout, and JSON on every other', () => {
    expect(result).toMatchObject({ code: 0 });
    const lines = parseLines(result.stdout);
    expect(lines.at(-1)).toMatchObject({ stopped: 'steps', step: 60, bestStep: 60 });
    for (const field of ['trainLoss', 'valLoss', 'tokensPerSecond', 'seconds', 'parameters']) {
      expect(lines.at(-1)?.[field]).toBeGreaterThan(0);
    }
  });

  it('learns: the validation loss falls from ln(vocabulary) to far below it', async () => {
    const validations = (await losses(out)).filter((line) => 'valLoss' in line);
    expect(validations.map(({ step }) => step)).toEqual([0, 20, 40, 60]);
    const [first, ...rest] = validations.map(({ valLoss }) => valLoss as number);
    expect(first).toBeCloseTo(Math.log(21), 0);
    expect(rest.at(-1)).toBeLessThan(2.7);
  });

  it('logs every step with the learning rate of the schedule', async () => {
    const steps = (await losses(out)).filter((line) => 'trainLoss' in line);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(steps[0]?.lr).toBeCloseTo(3e-3 / 6, 10);
    expect(steps[0]?.tokens).toBe(4 * 2 * 32);
  });

  it('leaves a model directory, a checkpoint and a curve', async () => {
    expect(JSON.parse(await readFile(`${out}/config.json`, 'utf8'))).toHaveProperty('model_type');
    expect(JSON.parse(await readFile(`${out}/tokenizer.json`, 'utf8'))).toHaveProperty('model');
    expect(await readFile(`${out}/loss.svg`, 'utf8')).toContain('validation, best');
    const header = await readFile(`${out}/checkpoint.safetensors`);
    expect(header.subarray(8, 8 + Number(header.readBigUInt64LE())).toString()).toContain(
      'model.transformer.wte.weight',
    );
  });

  it('shows progress on stderr, and with --quiet nothing', async () => {
    expect(result.stderr).toMatch(/step 20\/60 {2}loss .* val /);
    const args = [
      'pretrain',
      '--config',
      workspace.path('tiny.json'),
      '--data',
      workspace.path('text.txt'),
      '--out',
      workspace.path('quiet'),
    ];
    const quiet = await gptorch([...args, '--quiet', '--set', 'train.steps=2', '--set', 'train.warmupSteps=0']);
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
  });
});
