import { expect, test } from 'vitest';
import { parameterCount, utilization } from '../../../../scripts/bench/train/utilization.mjs';

const gpt2 = { vocabSize: 50257, contextLength: 1024, layers: 12, heads: 12, width: 768 };

test("GPT-2's parameters are counted as published, but for its positions", () => {
  expect(parameterCount(gpt2) + gpt2.contextLength * gpt2.width).toBe(124_439_808);
});

test('tokens a second come from the median step; a device whose peak is unknown has no utilization', () => {
  const found = utilization({ model: gpt2, batch: 16 }, [0.1, 0.2, 0.4], 'cpu');
  expect(found).toEqual({ tokensPerSecond: (16 * 1024) / 0.2, mfu: null });
});
