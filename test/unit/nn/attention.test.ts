import { describe, expect, it } from 'vitest';
import { CausalSelfAttention } from '../../../lib/nn/index.js';
import { engine, scope, tensor } from '../../../lib/tensor/index.js';

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
});
