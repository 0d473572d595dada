import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluationWindows, prepareTokens, type Tokenizer } from '../data/index.js';
import type { GPT } from '../model/index.js';
import { LanguageModelingObjective } from '../objectives/index.js';
import { TokenFile } from '../tensor/index.js';
import { windowBatch } from './corpus.js';
import { evaluate } from './evaluate.js';

const BATCH_SIZE = 16;

/** How well a language model predicts a text. */
export interface TextPerplexity {
  /** Mean of -log P(token | tokens before it), in nats. */
  loss: number;
  /** e^loss, for each token. */
  perplexity: number;
  /** Tokens that were predicted. */
  tokens: number;
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
  signal?: AbortSignal,
): Promise<TextPerplexity | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-tokens-'));
  try {
    const { train: info } = await prepareTokens(files, tokenizer, folder, { validationFraction: 0 });
    const source = TokenFile.open(info.path, info);
    const { device, training } = model;
    const { contextLength } = model.config;
    const batches = function* () {
      for (const batch of evaluationWindows({ tokens: info.length, contextLength, batchSize: BATCH_SIZE })) {
        yield windowBatch(source, batch, device);
      }
    };
    model.eval();
    const loss = await evaluate(batches(), new LanguageModelingObjective(model), signal);
    if (training) model.train();
    return loss === undefined ? undefined : { loss, perplexity: Math.exp(loss), tokens: info.length - 1 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
