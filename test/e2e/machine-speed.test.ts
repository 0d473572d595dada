import { describe, expect, it } from 'vitest';
import { gptorch, jsonLines } from './cli.js';

const tiny = ['--config', 'shakespeare-char-cpu', '--set', 'model.layers=1', '--set', 'model.width=32'];
const small = [
  '--batch',
  '2',
  '--length',
  '16',
  '--prompt',
  '8',
  '--new-tokens',
  '4',
  '--requests',
  '3',
  '--rounds',
  '2',
];

describe('gptorch bench', () => {
  it('measures training, a prompt, one text and several', async () => {
    const [report = {}, ...others] = await jsonLines(['bench', ...tiny, ...small, '--json', '--threads', '1']);
    expect(others).toEqual([]);
    expect(report).toMatchObject({ device: 'cpu', threads: 1, weights: 'float32', training: { batch: 2, length: 16 } });
    expect(report.generation).toMatchObject([
      { requests: 1, prompt: 8, newTokens: 4 },
      { requests: 3, prompt: 8, newTokens: 4 },
    ]);
    const generation = report.generation as Record<string, unknown>[];
    const { tokensPerSecond, gigaflops, peakBytes } = report.training as Record<string, unknown>;
    expect(Number(gigaflops)).toBeGreaterThan(0);
    // At least weights, gradients and moments.
    expect(Number(peakBytes)).toBeGreaterThan(4 * 4 * Number(report.parameters));
    const rates = [tokensPerSecond, generation[0]?.promptTokensPerSecond, ...generation.map((g) => g.tokensPerSecond)];
    for (const rate of rates as { median: number; min: number; max: number }[]) {
      expect(rate.min).toBeGreaterThan(0);
      expect(rate.median).toBeGreaterThanOrEqual(rate.min);
      expect(rate.max).toBeGreaterThanOrEqual(rate.median);
    }
    expect(generation[1]).not.toHaveProperty('promptTokensPerSecond');
  });

  it('shows a table', async () => {
    const { code, stdout, stderr } = await gptorch(['bench', ...tiny, ...small, '--weights', 'int8']);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('training: 2 steps of 2 × 16') });
    for (const name of ['training, float32, 2 × 16', 'prompt of 8, int8', 'generation, int8, 3 × 4']) {
      expect(stdout).toMatch(new RegExp(`^${name} +[\\d,.]+ +[\\d,.]+ +[\\d,.]+$`, 'm'));
    }
    expect(stdout).toMatch(/A training step: [\d.]+ ms, [\d.]+ GFLOP\/s, at most \d+ MB of tensors\n$/);
  });

  it.each([
    [['--length', '65'], "--length 65 passes the model's context of 64"],
    [['--prompt', '60', '--new-tokens', '5'], 'a prompt of 60 and 5 new tokens pass'],
    [['--new-tokens', '1'], '--new-tokens is 1'],
    [['--rounds', '0'], 'a whole number >= 1'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await gptorch(['bench', ...tiny, ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
