import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../lib/data/index.js';
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
    const config = JSON.parse(await readFile(`${out}/config.json`, 'utf8'));
    // The characters' vocabulary has no token that ends a text; what is not said transformers takes for 50,256.
    expect(config).toMatchObject({ model_type: 'gpt2', bos_token_id: null, eos_token_id: null });
    expect(JSON.parse(await readFile(`${out}/tokenizer.json`, 'utf8'))).toHaveProperty('model');
    expect(await readFile(`${out}/loss.svg`, 'utf8')).toContain('validation, best');
    const header = await readFile(`${out}/checkpoint.safetensors`);
    expect(header.subarray(8, 8 + Number(header.readBigUInt64LE())).toString()).toContain(
      'model.transformer.wte.weight',
    );
  });

  it('says which token ends a text where the tokenizer has one', async () => {
    const args = ['--config', workspace.path('tiny.json'), '--data', workspace.path('text.txt'), '--quiet'];
    const sets = ['tokenizer.type=bpe', 'tokenizer.vocabSize=260', 'train.steps=1', 'train.warmupSteps=0'];
    const ended = await gptorch([
      'pretrain',
      ...args,
      '--out',
      workspace.path('bpe'),
      ...sets.flatMap((set) => ['--set', set]),
    ]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const config = JSON.parse(await readFile(workspace.path('bpe/config.json'), 'utf8'));
    const end = (await loadTokenizer(workspace.path('bpe'))).tokenId('<|endoftext|>');
    expect(end).toBeLessThan(260);
    expect(config).toMatchObject({ bos_token_id: end, eos_token_id: end });
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
