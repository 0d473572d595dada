import { describe, expect, it } from 'vitest';
import { CausalSelfAttention, DecoderBlock } from '../../../lib/nn/index.js';
import { engine, noGrad, ones, scope, tensor, zeros } from '../../../lib/tensor/index.js';

describe('CausalSelfAttention', () => {
  it.each([
    ['dropout', { attentionDropout: 0.1 }],
    ['a window', { attentionWindow: 100 }],
    ['dropout and a window', { attentionDropout: 0.1, attentionWindow: 100 }],
  ])('holds no scores of the whole sequence with %s', async (_, settings) => {
    const [batch, length, width, heads] = [2, 512, 32, 4];
    const scores = 4 * batch * heads * length * length;
    const attention = new CausalSelfAttention({ width, heads, ...settings });
    const input = tensor(new Float32Array(batch * length * width), { shape: [batch, length, width] });
    await engine.idle();
    engine.resetMemoryPeak();
    const before = engine.memory().allocated;
    scope(() => attention.forward(input, { training: true }).sum().backward());
    await engine.idle();
    expect(engine.memory().peak - before).toBeLessThan(scores / 4);
    input.dispose();
    attention.dispose();
  });

  it('drops nothing unless told to', async () => {
    const modules = [
      new CausalSelfAttention({ width: 8, heads: 2 }),
      new DecoderBlock({ width: 8, heads: 2, feedForwardWidth: 16 }),
    ];
    for (const module of modules) {
      const input = ones([1, 4, 8]);
      const [training, evaluating] = [true, false].map((training) => module.forward(input, { training }).toArray());
      expect(await training).toEqual(await evaluating);
      module.dispose();
    }
  });

  it('keeps no mask of what went through it', async () => {
    const [length, capacity, heads, headWidth] = [256, 512, 2, 4];
    const width = heads * headWidth;
    const attention = new CausalSelfAttention({ width, heads, attentionWindow: 100 });
    const input = zeros([1, length, width]);
    const cache = { keys: zeros([1, heads, capacity, headWidth]), values: zeros([1, heads, capacity, headWidth]) };
    await engine.idle();
    const before = engine.memory().allocated;
    noGrad(() => attention.forward(input, { cache, position: 10 }).dispose());
    await engine.idle();
    expect(engine.memory().allocated - before).toBe(0);
    for (const each of [input, cache.keys, cache.values, attention]) each.dispose();
  });
});
