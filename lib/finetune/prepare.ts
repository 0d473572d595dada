import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  addTaskTokens,
  checkTokenizerFits,
  type EncodedExample,
  loadTokenizer,
  type TaskTokens,
  type Tokenizer,
} from '../data/index.js';
import { InputError } from '../errors.js';
import { hasTask, type TaskConfig, taskOf } from '../heads/index.js';
import { fromHuggingFace, readModelJson } from '../model/index.js';
import type { FineTuneConfig } from './finetune-config.js';
import { encodeTaskLines, readTaskFiles, taskDigest } from './task-data.js';

/** Of the head's input, where nothing else is said: the paper's. */
const HEAD_DROPOUT = 0.1;

/** All that a fine-tuning run reads, checked and as token ids; no tensor is made yet. */
export interface PreparedTask {
  task: TaskConfig;
  /** The pretrained model's tokenizer, as it was. */
  tokenizer: Tokenizer;
  /** The same with start, delimiter and extract tokens. */
  tokens: TaskTokens;
  train: EncodedExample[];
  evaluation: EncodedExample[];
  /** Examples with a part that was cut. */
  cut: number;
  /** A hash of the examples. */
  digest: string;
  /** The directory's own head answers the same: training starts from it. */
  hasHead: boolean;
}

/** @throws InputError naming what is wrong in the directory, a file's line, or the configuration */
export async function prepareTask(
  directory: string,
  files: { train: string; evaluation: string },
  config: FineTuneConfig,
): Promise<PreparedTask> {
  const path = join(directory, 'config.json');
  const json = await readModelJson(directory);
  const { contextLength, layers, vocabSize } = fromHuggingFace(json, path);
  const { maxLength = contextLength, dropout = HEAD_DROPOUT, freeze } = config;
  if (maxLength > contextLength) {
    throw new InputError(`maxLength is ${maxLength}; allowed: up to the model's context of ${contextLength}`);
  }
  if (freeze > layers) throw new InputError(`freeze is ${freeze}; allowed: 0 to the model's ${layers} blocks`);
  const tokenizer = await loadTokenizer(directory);
  checkTokenizerFits(tokenizer, vocabSize, directory);
  const tokens = addTaskTokens(tokenizer);
  const lines = await readTaskFiles(config.task, files, config.labels);
  const task: TaskConfig = { task: config.task, labels: lines.labels, maxLength, dropout };
  const train = encodeTaskLines(lines.train, tokens, task);
  const evaluation = encodeTaskLines(lines.evaluation, tokens, task);
  return {
    ...{ task, tokenizer, tokens, train, evaluation },
    cut: [...train, ...evaluation].filter(({ isCut }) => isCut).length,
    digest: taskDigest([train, evaluation]),
    hasHead: hasTask(json) && answersTheSame(taskOf(json, path), task),
  };
}

function answersTheSame(a: TaskConfig, b: TaskConfig): boolean {
  return isDeepStrictEqual([a.task, a.labels], [b.task, b.labels]);
}
