import { describe, it } from 'vitest';
import {
  CausalSelfAttention,
  type CausalSelfAttentionSettings,
  DecoderBlock,
  type DecoderBlockSettings,
  Embedding,
  type EmbeddingSettings,
  FeedForward,
  type FeedForwardSettings,
  LayerNorm,
  Linear,
} from '../../lib/nn/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import { device } from './device.js';
import { fixtureNames, loadFixture } from './fixture.js';
import { expectParity, type Tensors } from './support.js';

interface HiddenModule {
  parameters: Tensors;
  forward(input: Tensor): Tensor;
}

/** One test for each fixture whose name matches: the module made for its configuration, run on its one input. */
function parity<Config>(area: string, pattern: RegExp, make: (config: Config) => HiddenModule, input = 'hidden'): void {
  describe(area, () => {
    it.each(fixtureNames('modules', pattern))('%s', async (name) => {
      const fixture = loadFixture<Config>(name);
      const module = make(fixture.config);
      await expectParity(fixture, {
        parameters: module.parameters,
        forward: (get) => ({ hidden: module.forward(get(input)) }),
      });
    });
  });
}

parity('Embedding', /^embedding/, (config: EmbeddingSettings) => new Embedding(config, { device }), 'tokens');

parity('LayerNorm', /^layer_norm/, (config: { width: number; layerNormEps: number }) => {
  return new LayerNorm({ width: config.width, eps: config.layerNormEps }, { device });
});

parity('Linear', /^linear_rows/, (config: { in: number; out: number; bias: boolean }) => {
  return new Linear({ inFeatures: config.in, outFeatures: config.out, bias: config.bias }, { device });
});

parity(
  'CausalSelfAttention',
  /^attention/,
  (config: CausalSelfAttentionSettings) => new CausalSelfAttention(config, { device }),
);

parity('FeedForward', /^feed_forward/, (config: FeedForwardSettings) => new FeedForward(config, { device }));

parity('DecoderBlock', /^decoder_block/, (config: DecoderBlockSettings) => new DecoderBlock(config, { device }));
