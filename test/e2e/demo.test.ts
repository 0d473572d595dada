import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, makeWorkspace, parseLines } from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let out: string;

const SMALL = [
  'model.layers=1',
  'model.width=32',
  'model.feedForwardWidth=32',
  'model.headWidth=8',
  'model.contextLength=64',
];
const SHORT = ['train.steps=20', 'train.warmupSteps=2', 'train.evalEvery=10'];
const demo = (...more: string[]) =>
  gptorch(['demo', '--out', out, ...[...SMALL, ...SHORT].flatMap((set) => ['--set', set]), ...more]);

beforeAll(async () => {
  workspace = await makeWorkspace();
  out = workspace.path('runs/demo');
});
afterAll(() => workspace.remove());

describe('gptorch demo', () => {
  it('trains, then shows the curve, perplexities beside the baselines, and answers', async () => {
    const { code, stdout, stderr } = await demo();
    expect({ code, progress: /step 10\/20 .* val /.test(stderr) }).toEqual({ code: 0, progress: true });
    expect(stdout).toMatch(/^\nLoss curve: .*loss\.svg\n/);
    expect(stdout).toMatch(
      /held-out dialogues[^\n]*\n {2}unigram +\d+\.\d\n {2}bigram +\d+\.\d\n {2}trigram +\d+\.\d\n {2}this model +\d+\.\d\n/,
    );
    expect(stdout).toContain('\n  你好，最近过得怎么样？\n    ');
    expect(await readFile(`${out}/loss.svg`, 'utf8')).toContain('</svg>');
  });

  it('uses the finished model the next time, and says so', async () => {
    const { mtimeMs } = await stat(`${out}/model.safetensors`);
    const { code, stdout, stderr } = await demo('--json');
    expect(code).toBe(0);
    expect(stderr).toContain('finished model of an earlier run; --retrain');
    const [report] = parseLines(stdout);
    expect(report).toMatchObject({ out, heldOutDialogues: expect.any(Number) });
    expect(report?.bigram).toBeLessThan(report?.unigram as number);
    expect(report?.trigram).toBeGreaterThan(1);
    expect(report?.answers).toHaveLength(8);
    expect((await stat(`${out}/model.safetensors`)).mtimeMs).toBe(mtimeMs);
  });

  it('trains anew with --retrain', async () => {
    const { code, stderr } = await demo('--retrain');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^step 0\/20 /) });
  });
});
