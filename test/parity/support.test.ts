import { describe, expect, it } from 'vitest';
import { DecoderBlock, type DecoderBlockSettings, FeedForward, LayerNorm, type Module } from '../../lib/nn/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import { loadFixture } from './fixture.js';
import { expectParity } from './support.js';

type Hidden = Module & { forward(hidden: Tensor): Tensor };

function run(fixture: string, module: Hidden, change = (hidden: Tensor) => hidden): Promise<void> {
  return expectParity(loadFixture(`modules/${fixture}`), {
    parameters: module.parameters,
    forward: (input) => ({ hidden: change(module.forward(input('hidden'))) }),
  });
}

/** The parity tests would be worth nothing if they let these pass. */
describe('expectParity refuses', () => {
  const block = loadFixture<DecoderBlockSettings>('modules/decoder_block_pre_window').config;

  it('the other form of GELU', async () => {
    const { config } = loadFixture<{ width: number; feedForwardWidth: number }>('modules/feed_forward_gelu_tanh');
    await run('feed_forward_gelu_tanh', new FeedForward({ ...config, activation: 'gelu_tanh' }));
    const wrong = run('feed_forward_gelu_tanh', new FeedForward({ ...config, activation: 'gelu' }));
    await expect(wrong).rejects.toThrow('outputs/hidden: max|a-b| / max|b| = 1.64e-4, allowed 0.00001; -8.6448');
  });

  it('an epsilon ten times smaller', async () => {
    const wrong = run('layer_norm_small_variance', new LayerNorm({ width: 12, eps: 1e-6 }));
    await expect(wrong).rejects.toThrow('outputs/hidden');
  });

  it('a window one token wider, or the other place of the norms', async () => {
    await run('decoder_block_pre_window', new DecoderBlock(block));
    for (const change of [{ attentionWindow: 5 }, { normPosition: 'post' as const }]) {
      const wrong = run('decoder_block_pre_window', new DecoderBlock({ ...block, ...change }));
      await expect(wrong).rejects.toThrow('outputs/hidden');
    }
  });

  it('right outputs with wrong gradients', async () => {
    const doubled = (hidden: Tensor) => hidden.mul(2).sub(hidden.detach());
    await expect(run('decoder_block_pre_window', new DecoderBlock(block), doubled)).rejects.toThrow('gradients/');
  });

  it('a module whose parameters have other names', async () => {
    await expect(run('decoder_block_pre_window', new LayerNorm({ width: 12 }))).rejects.toThrow('to deeply equal');
  });
});
