import { z } from 'zod';
import { BOUNDS } from '../bounds.js';
import { InputError } from '../errors.js';
import type { Activation } from '../nn/index.js';
import { parseOrThrow } from '../validate.js';

const size = z.number().int().min(1);
const probability = z.number().min(0).lt(1);
/** One, several or none. */
export const tokenIds = z.union([z.int(), z.array(z.int())]).nullable();

/** What a user writes of a GPT; fields with a default may be left out. */
export interface GPTConfigInput {
  /** Tokens in the vocabulary. */
  vocabSize: number;
  /** Longest sequence, in tokens. */
  contextLength: number;
  /** Decoder blocks. */
  layers: number;
  /** Attention heads of a block. */
  heads: number;
  /** Width of the hidden state. */
  width: number;
  /** Inner width of the feed-forward network. Default 4 · width. */
  feedForwardWidth?: number | undefined;
  /** Width of an attention head. Default width / heads, which must then be a whole number. */
  headWidth?: number | undefined;
  /** Norm after each residual sum (`post`, GPT-1) or before each branch, with a final norm (`pre`, GPT-2). Default `pre`. */
  normPosition?: 'pre' | 'post' | undefined;
  /** `gelu_tanh`, the default, is what the released GPT weights were trained with. */
  activation?: Activation | undefined;
  /** Output weights are the token embedding. Default true. */
  tiedEmbedding?: boolean | undefined;
  /** Linear layers have biases; norms always do. Default true. */
  bias?: boolean | undefined;
  /** Probability of dropout on the embeddings' sum. From 0 to below 1. Default 0.1. */
  embeddingDropout?: number | undefined;
  /** Likewise on the attention weights. Default 0.1. */
  attentionDropout?: number | undefined;
  /** Likewise on what attention and feed-forward network add to the residual. Default 0.1. */
  residualDropout?: number | undefined;
  /** k: position t attends to t-k+1 … t in every layer. Default: to the whole history. */
  attentionWindow?: number | undefined;
  /** Standard deviation of the initial weights. Default 0.02. */
  initStd?: number | undefined;
  /** Added to the variance in every norm. Default 1e-5. */
  layerNormEps?: number | undefined;
  /**
   * The token that begins a text, null where none does: kept for other programs (`config.json`), this library goes by the
   * tokenizer. Absent: nothing is said of it, which GPT-2's class of Hugging Face takes for 50,256 whatever the vocabulary.
   */
  bosTokenId?: number | number[] | null | undefined;
  /** The token or tokens that end a text, likewise. */
  eosTokenId?: number | number[] | null | undefined;
}

/** A whole, checked configuration: each field has its value, but for those whose absence says something. */
export type GPTConfig = Required<Omit<GPTConfigInput, 'attentionWindow' | 'bosTokenId' | 'eosTokenId'>> &
  Pick<GPTConfigInput, 'attentionWindow' | 'bosTokenId' | 'eosTokenId'>;

type Unfilled = 'feedForwardWidth' | 'headWidth';

/** Every field of a GPT, before what follows from others is filled in. */
export const gptConfigSchema = z.strictObject({
  vocabSize: size,
  contextLength: size,
  layers: size,
  heads: size,
  width: size,
  feedForwardWidth: size.optional(),
  headWidth: size.optional(),
  normPosition: z.enum(['pre', 'post']).default('pre'),
  activation: z.enum(['gelu_tanh', 'gelu', 'relu']).default('gelu_tanh'),
  tiedEmbedding: z.boolean().default(true),
  bias: z.boolean().default(true),
  embeddingDropout: probability.default(0.1),
  attentionDropout: probability.default(0.1),
  residualDropout: probability.default(0.1),
  attentionWindow: size.optional(),
  initStd: z.number().gt(0).max(BOUNDS.standardDeviation.most).default(0.02),
  layerNormEps: z.number().gt(0).default(1e-5),
  bosTokenId: tokenIds.optional(),
  eosTokenId: tokenIds.optional(),
}) satisfies z.ZodType<Omit<GPTConfig, Unfilled> & Partial<Pick<GPTConfig, Unfilled>>, GPTConfigInput>;

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
