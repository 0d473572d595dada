import { resolve } from 'node:path';
import { parseRunConfig, type RunConfig, type RunConfigInput } from '../config/index.js';
import { END_OF_TEXT, loadTokenizer, type Tokenizer } from '../data/index.js';
import { inOrder } from '../distributed/index.js';
import { InputError } from '../errors.js';
import { GPT, type GPTConfig, parseGPTConfig } from '../model/index.js';
import { inPrecision, LanguageModelingObjective } from '../objectives/index.js';
import { type Corpus, makeTokenizer, type TokenBatch } from './corpus.js';
import { openDialogueCorpus } from './dialogue-corpus.js';
import { evaluate } from './evaluate.js';
import type { TrainSummary } from './events.js';
import { type RunHooks, runTraining } from './run.js';
import { runFolder } from './run-folder.js';
import { aloneInFolder } from './run-lock.js';
import { checkHoldsNoRun, checkIsSameRun, environment, readSavedRun, type SavedRun } from './saved-run.js';
import { openTextCorpus } from './text-corpus.js';
import type { Evaluation } from './trainer-options.js';

/** What to train, on what, and where to. */
export interface PretrainOptions extends RunHooks {
  /** Fields with a default may be left out. */
  config: RunConfigInput | RunConfig;
  /** UTF-8 text files, read in this order. */
  data: readonly string[];
  /** The run's directory: the best model as a model directory, and the checkpoint, metrics and loss curve of the run. */
  out: string;
  /** Go on from the checkpoint in `out`. Default false. */
  resume?: boolean | undefined;
  /** Default `cpu`. */
  device?: string;
  /** Of the computation; weights are always float32. Default `float32`. */
  dtype?: 'float32' | 'bfloat16';
}

/** What a pretraining run came to. */
export interface PretrainSummary extends TrainSummary {
  out: string;
  curve: string;
  parameters: number;
}

/**
 * Trains a model on text files, from the files to a model directory. Everything is checked before anything is written.
 * @throws InputError for bad input: files, configuration, directory; or where another process trains in the directory.
 */
export function pretrain(options: PretrainOptions): Promise<PretrainSummary> {
  return aloneInFolder(options.out, options.group, () => train({ ...options, config: parseRunConfig(options.config) }));
}

async function train(options: CheckedOptions): Promise<PretrainSummary> {
  const { config, out, device = 'cpu', dtype = 'float32', group, ...hooks } = options;
  const files = options.data.map((file) => resolve(file));
  const folder = runFolder(out);
  const { modelConfig, corpus, saved } = await inOrder(group, (isFirst) => prepare({ ...options, files, isFirst }));

  const model = new GPT(modelConfig, { seed: config.train.seed, device });
  const objective = inPrecision(new LanguageModelingObjective(model), dtype);
  const { validation } = corpus;
  try {
    const summary = await runTraining<TokenBatch, RunConfig>({
      ...hooks,
      folder,
      saved,
      identity: {
        config,
        data: files,
        digest: corpus.digest,
        environment: environment(device, dtype, group?.size),
      },
      trainer: {
        model,
        group,
        config: config.train,
        data: corpus.train,
        objective,
        validate:
          validation && (async (signal) => asEvaluation(await evaluate(validation(), objective, signal, group))),
        saveBest: () => model.save(out),
      },
    });
    return { ...summary, out, curve: folder.curve, parameters: model.parameterCount };
  } finally {
    model.dispose();
  }
}

type CheckedOptions = Omit<PretrainOptions, 'config'> & { config: RunConfig };

interface Prepared {
  modelConfig: GPTConfig;
  corpus: Corpus;
  saved: SavedRun | undefined;
}

/** Reads and checks all input. What one process has to make for the others (vocabulary, token files), the first makes. */
async function prepare(options: CheckedOptions & { files: string[]; isFirst: boolean }): Promise<Prepared> {
  const { config, files, out, device = 'cpu', resume = false, group: share, signal, isFirst } = options;
  const folder = runFolder(out);
  const saved = resume ? await readSavedRun(folder) : undefined;
  if (saved !== undefined) checkIsSameRun(folder, saved, config, files);
  else if (isFirst) checkHoldsNoRun(folder);
  checkWindows(config, parseGPTConfig({ vocabSize: 1, ...config.model }, 'model')); // before the data is read
  const isMade = resume || !isFirst;
  const tokenizer = isMade ? await loadTokenizer(out) : await makeTokenizer(config, files, signal);
  const modelConfig = fitTokenizer(config, tokenizer);
  const { contextLength } = modelConfig;
  const source = { config, files, tokenizer, contextLength, device, resume: isMade, share };
  const isDialogues = config.data.format === 'dialogues';
  const corpus = await (isDialogues ? openDialogueCorpus(source) : openTextCorpus(folder.tokens, source));
  if (saved !== undefined && saved.digest !== corpus.digest) {
    throw new InputError(`${out}: cannot resume, the data is not what the run began with`);
  }
  if (!isMade) await tokenizer.save(out);
  return { modelConfig, corpus, saved };
}

function asEvaluation(loss: number | undefined): Evaluation | undefined {
  return loss === undefined ? undefined : { loss };
}

/** @throws InputError when the data's windows are longer than the model's context */
function checkWindows({ data: { windows = 1 } }: RunConfig, { contextLength }: GPTConfig): void {
  if (windows <= contextLength) return;
  const allowed = `1 to ${contextLength}, the model's context`;
  throw new InputError(`field "data.windows" is ${windows}; allowed: ${allowed}`);
}

/** @throws InputError when the model's vocabulary is too small for the tokenizer. */
function fitTokenizer({ model }: RunConfig, tokenizer: Tokenizer): GPTConfig {
  const { vocabSize } = tokenizer;
  const endOfText = tokenizer.tokenId(END_OF_TEXT) ?? null;
  const config = parseGPTConfig({ vocabSize, bosTokenId: endOfText, eosTokenId: endOfText, ...model }, 'model');
  if (config.vocabSize >= vocabSize) return config;
  throw new InputError(
    `field "model.vocabSize" is ${config.vocabSize}; allowed: >= ${vocabSize}, the tokenizer's entries`,
  );
}
