import type { RunConfig } from '../config/index.js';
import {
  CharTokenizer,
  chatTokenizer,
  type Dataset,
  loadTokenizer,
  readDialogues,
  readWindows,
  type Tokenizer,
  trainBpeTokenizer,
  type WindowBatch,
} from '../data/index.js';
import type { Share } from '../distributed/index.js';
import { InputError } from '../errors.js';
import type { LanguageModelingBatch } from '../objectives/index.js';
import { scope, type Tensor, type TokenFile } from '../tensor/index.js';
import type { Batch } from './batch.js';

/** Inputs and targets of a language model. */
export type TokenBatch = LanguageModelingBatch & Batch;

/** The data of a run as tensors, or one rank's share of it. */
export interface Corpus {
  train: Dataset<TokenBatch | null>;
  /** Undefined when nothing is held out. */
  validation: (() => Iterable<TokenBatch>) | undefined;
  /** A hash of the tokens: a resumed run must have the same. */
  digest: string;
}

/** What a corpus is made of. */
export interface CorpusOptions {
  config: RunConfig;
  files: readonly string[];
  tokenizer: Tokenizer;
  contextLength: number;
  device: string;
  /** Token files that an earlier part of the run has made are used again. */
  resume: boolean;
  /** The rank whose share is read. Default: all. */
  share?: Share | undefined;
}

/**
 * The tokenizer that a configuration describes, made from the data where it is not a file.
 * @throws InputError when a file cannot be read as text, or as a tokenizer.
 */
export async function makeTokenizer(
  { tokenizer, data }: RunConfig,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<Tokenizer> {
  switch (tokenizer.type) {
    case 'file':
      return loadTokenizer(tokenizer.file ?? '');
    case 'bpe':
      if (data.format === 'dialogues') throw new InputError('tokenizer.type is "bpe"; dialogues have "char" or "file"');
      return trainBpeTokenizer(files, { vocabSize: tokenizer.vocabSize ?? 0, signal });
    case 'char':
      if (data.format === 'dialogues') {
        return chatTokenizer(await readDialogues(files, data), { minimumCount: tokenizer.minimumCount });
      }
      return CharTokenizer.fromFiles(files);
  }
}

/** The tensors of windows of a token file, on `device`. */
export function windowBatch(file: TokenFile, batch: WindowBatch, device: string): TokenBatch {
  const { inputs, targets } = scope(() => {
    const { inputs, targets } = readWindows(file, batch);
    return device === 'cpu' ? { inputs, targets } : { inputs: inputs.to({ device }), targets: targets.to({ device }) };
  });
  return fixedBatch(inputs, targets, batch.targetCount);
}

/** Of one shape all through the run, so that steps can be captured. */
function fixedBatch(inputs: Tensor, targets: Tensor, targetCount: number): TokenBatch {
  return {
    ...tokenBatch(inputs, targets, targetCount),
    layout: {
      name: `${targetCount} targets`,
      tensors: [inputs, targets],
      withTensors: ([otherInputs = inputs, otherTargets = targets]) =>
        fixedBatch(otherInputs, otherTargets, targetCount),
    },
  };
}

/** A batch of tensors that are freed with it. */
export function tokenBatch(inputs: Tensor, targets: Tensor, targetCount: number): TokenBatch {
  return {
    inputs,
    targets,
    targetCount,
    tokenCount: targetCount,
    dispose() {
      inputs.dispose();
      targets.dispose();
    },
  };
}
