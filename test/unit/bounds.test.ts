import { afterAll, describe, expect, test } from 'vitest';
import { BOUNDS } from '../../lib/bounds.js';
import { AdamW, ArgumentError, engine, GPT, type GPTConfigInput, tensor } from '../../lib/index.js';

const config: GPTConfigInput = { vocabSize: 7, contextLength: 4, layers: 1, heads: 1, width: 8 };
const model = new GPT(config);
afterAll(() => model.dispose());

const generate = async (options: object) => model.completions([1], { maxNewTokens: 1, ...options });
const decode = async (decoder: object) => new GPT(config, { decoder }).dispose();
const optimize = async (options: object) => {
  const trained = new GPT(config);
  const optimizer = new AdamW(trained.namedParameters(), { eps: 1e-8, ...options });
  const tokens = tensor([[1, 2]], { dtype: 'int64' });
  trained.loss(tokens, tokens).backward();
  optimizer.step();
  optimizer.dispose();
  trained.dispose();
};

describe('the addon has the same bounds', () => {
  test.each<[keyof typeof BOUNDS, (value: number) => Promise<unknown>]>([
    ['temperature', (temperature) => generate({ temperature })],
    ['repetitionPenalty', (repetitionPenalty) => generate({ repetitionPenalty })],
    ['samples', (n) => generate({ n })],
    ['maxRunning', (maxRunning) => decode({ maxRunning })],
    ['cacheTokens', (cacheTokens) => decode({ cacheTokens: cacheTokens === 1 ? 4 : cacheTokens })],
    ['learningRate', (lr) => optimize({ lr })],
    ['epsilon', (eps) => optimize({ eps: eps === 0 ? 1e-12 : eps })],
    ['weightDecay', (weightDecay) => optimize({ weightDecay })],
  ])('%s', async (name, use) => {
    const { least, most } = BOUNDS[name];
    await use(least);
    await use(most);
    await expect(use(most + 1)).rejects.toThrow(ArgumentError);
  });

  test('threads', () => {
    const { most } = BOUNDS.threads;
    expect(() => engine.setThreads(most + 1)).toThrow(`within 1 and ${most}`);
  });
});
