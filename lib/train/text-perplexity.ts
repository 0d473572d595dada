import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BaselineScores,
  CountBaselines,
  evaluationWindows,
  prepareTokens,
  readTokens,
  type Tokenizer,
  textSequence,
} from '../data/index.js';
import type { GPT } from '../model/index.js';
import { TokenFile } from '../tensor/index.js';
import { windowBatch } from './corpus.js';
import { languageModelLoss } from './language-model-loss.js';

const BATCH_SIZE = 16;

/** How well a language model predicts a text. */
export interface TextPerplexity {
  /** Mean of -log P(token | tokens before it), in nats. */
  loss: number;
  /** e^loss, for each token. */
  perplexity: number;
  /** Tokens that were predicted. */
  tokens: number;
  /** What counting tokens gives; where it was asked for. */
  baselines?: Omit<BaselineScores, 'targets'>;
}

/** Beside what a model is measured on text. */
export interface TextPerplexityOptions {
  /** UTF-8 text that the model was trained on: n-grams are counted on it and measured on the same targets. */
  baselines?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * How well a model predicts text: every token but the first once, in windows of the context length side by side.
 * @param files UTF-8 text, read as one
 * @returns undefined when `signal` was aborted
 * @throws InputError for an unreadable file, a character that the tokenizer lacks, or less than two tokens
 */
export async function textPerplexity(
  model: GPT,
  tokenizer: Tokenizer,
  files: readonly string[],
  { baselines, signal }: TextPerplexityOptions = {},
): Promise<TextPerplexity | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-tokens-'));
  try {
    const { train: info } = await prepareTokens(files, tokenizer, folder, { validationFraction: 0 });
    const source = TokenFile.open(info.path, info);
    const { device } = model;
    const { contextLength } = model.config;
    const batches = function* () {
      for (const batch of evaluationWindows({ tokens: info.length, contextLength, batchSize: BATCH_SIZE })) {
        yield windowBatch(source, batch, device);
      }
    };
    const loss = await languageModelLoss(model, batches(), signal);
    if (loss === undefined) return undefined;
    const measured = { loss, perplexity: Math.exp(loss), tokens: info.length - 1 };
    if (baselines === undefined) return measured;
    const counted = await prepareTokens(baselines, tokenizer, join(folder, 'baselines'), { validationFraction: 0 });
    const seen = textSequence(await readTokens(counted.train));
    const heldOut = textSequence(await readTokens(info));
    const { targets: _, ...scores } = new CountBaselines([seen], tokenizer.vocabSize).evaluate([heldOut]);
    return { ...measured, baselines: scores };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
