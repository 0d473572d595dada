import { z } from 'zod';
import { BOUNDS } from '../bounds.js';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';

const size = z.number().int().min(1);
const probability = z.number().min(0).lt(1);
/** One, several or none. */
export const tokenIds = z.union([z.int(), z.array(z.int())]).nullable();

/** Every field of a GPT, before what follows from others is filled in. */
export const gptConfigSchema = z.strictObject({
  /** Tokens in the vocabulary. */
  vocabSize: size,
  /** Longest sequence, in tokens. */
  contextLength: size,
  /** Decoder blocks. */
  layers: size,
  /** Attention heads of a block. */
  heads: size,
  /** Width of the hidden state. */
  width: size,
  /** Inner width of the feed-forward network. Default 4 · width. */
  feedForwardWidth: size.optional(),
  /** Width of an attention head. Default width / heads. */
  headWidth: size.optional(),
  /** Norm after each residual sum (`post`, GPT-1) or before each branch, with a final norm (`pre`, GPT-2). */
  normPosition: z.enum(['pre', 'post']).default('pre'),
  /** `gelu_tanh` is what the released GPT weights were trained with. */
  activation: z.enum(['gelu_tanh', 'gelu', 'relu']).default('gelu_tanh'),
  /** Output weights are the token embedding. */
  tiedEmbedding: z.boolean().default(true),
  /** Linear layers have biases. Norms always do. */
  bias: z.boolean().default(true),
  embeddingDropout: probability.default(0.1),
  attentionDropout: probability.default(0.1),
  residualDropout: probability.default(0.1),
  /** k: position t attends to t-k+1 … t in every layer. Absent: to the whole history. */
  attentionWindow: size.optional(),
  /** Standard deviation of the initial weights. */
  initStd: z.number().gt(0).max(BOUNDS.standardDeviation.most).default(0.02),
  layerNormEps: z.number().gt(0).default(1e-5),
  /**
   * The token that begins a text, null where none does: kept for other programs (`config.json`), this library goes by the
   * tokenizer. Absent: nothing is said of it, which GPT-2's class of Hugging Face takes for 50,256 whatever the vocabulary.
   */
  bosTokenId: tokenIds.optional(),
  /** The token or tokens that end a text, likewise. */
  eosTokenId: tokenIds.optional(),
});

/** What a user writes. */
export type GPTConfigInput = z.input<typeof gptConfigSchema>;

/** A whole, checked configuration. */
export type GPTConfig = z.output<typeof gptConfigSchema> & { feedForwardWidth: number; headWidth: number };

/**
 * Checks a configuration and fills in what follows.
 * @throws InputError naming the field, its value, what is allowed, and the nearest known name for an unknown field
 */
export function parseGPTConfig(value: unknown, where = 'model configuration'): GPTConfig {
  const config = parseOrThrow(gptConfigSchema, value, where);
  const { width, heads } = config;
  if (config.headWidth === undefined && width % heads !== 0) {
    throw new InputError(
      `${where}: width ${width} is not divisible by heads ${heads}; choose another width or heads, or give headWidth`,
    );
  }
  return {
    ...config,
    headWidth: config.headWidth ?? width / heads,
    feedForwardWidth: config.feedForwardWidth ?? 4 * width,
  };
}
