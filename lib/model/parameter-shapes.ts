import type { GPTConfig } from './config.js';
import { modelTypeOf } from './hugging-face.js';

/** What files call the output weights. */
export const OUTPUT_WEIGHT = 'lm_head.weight';

/** Hugging Face's name and the shape of every parameter, known before any is made. */
export function* parameterShapes(config: GPTConfig): Iterable<[name: string, shape: number[]]> {
  const { vocabSize, contextLength, width, layers, heads, headWidth, feedForwardWidth: inner } = config;
  const [tokens, positions] = embeddingNames(config);
  yield [tokens, [vocabSize, width]];
  yield [positions, [contextLength, width]];
  const attention = heads * headWidth;
  for (let layer = 0; layer < layers; layer++) {
    const block = `transformer.h.${layer}`;
    yield* norm(`${block}.ln_1`, width);
    yield* conv1D(`${block}.attn.c_attn`, width, 3 * attention, config.bias);
    yield* conv1D(`${block}.attn.c_proj`, attention, width, config.bias);
    yield* norm(`${block}.ln_2`, width);
    yield* conv1D(`${block}.mlp.c_fc`, width, inner, config.bias);
    yield* conv1D(`${block}.mlp.c_proj`, inner, width, config.bias);
  }
  if (config.normPosition === 'pre') yield* norm('transformer.ln_f', width);
  if (!config.tiedEmbedding) yield [OUTPUT_WEIGHT, [vocabSize, width]];
}

/**
 * Which dimension of a parameter is the output channels', for the weight matrices that a decoder keeps packed: rows of the
 * token embedding and of the output weights, columns of a Conv1D. Undefined for every other parameter.
 */
export function channelDimensionOf(name: string): 0 | 1 | undefined {
  if (/(^|\.)(wte|tokens_embed|lm_head)\.weight$/.test(name)) return 0;
  return /\.c_(attn|proj|fc)\.weight$/.test(name) ? 1 : undefined;
}

/** Names of the token and the position embedding. */
export function embeddingNames(config: GPTConfig): [tokens: string, positions: string] {
  const names = modelTypeOf(config) === 'openai-gpt' ? ['tokens_embed', 'positions_embed'] : ['wte', 'wpe'];
  return [`transformer.${names[0]}.weight`, `transformer.${names[1]}.weight`];
}

function* norm(name: string, width: number): Iterable<[string, number[]]> {
  yield [`${name}.weight`, [width]];
  yield [`${name}.bias`, [width]];
}

/** Conv1D keeps its weight as (in, out). */
function* conv1D(name: string, from: number, to: number, bias: boolean): Iterable<[string, number[]]> {
  yield [`${name}.weight`, [from, to]];
  if (bias) yield [`${name}.bias`, [to]];
}
