import { rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { RunConfig } from '../config/index.js';
import { loadTokenizer, type Tokenizer } from '../data/index.js';
import { InputError } from '../errors.js';
import { GPT, type GPTConfig, parseGPTConfig } from '../model/index.js';
import { inPrecision, LanguageModelingObjective, type Objective } from '../objectives/index.js';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { type Corpus, type CorpusOptions, makeTokenizer, type TokenBatch } from './corpus.js';
import { openDialogueCorpus } from './dialogue-corpus.js';
import { evaluate } from './evaluate.js';
import type { TrainListener, TrainSummary } from './events.js';
import { writeLossCurve } from './loss-curve.js';
import { MetricsLog, readMetrics } from './metrics-log.js';
import { ensureWritableFolder, type RunFolder, runFolder } from './run-folder.js';
import { checkHoldsNoRun, checkIsSameRun, differences, environment, readSavedRun, type SavedRun } from './saved-run.js';
import { openTextCorpus } from './text-corpus.js';
import { Trainer } from './trainer.js';
import type { Evaluation } from './trainer-options.js';

export interface PretrainOptions {
  config: RunConfig;
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
  /** Aborted: the step under way is finished, a checkpoint saved, and the summary says `stopped: 'signal'`. */
  signal?: AbortSignal;
  onEvent?: TrainListener;
  /** Something that a person should know, such as a resume that will not be bit-exact. */
  onNote?: (text: string) => void;
}

export interface PretrainSummary extends TrainSummary {
  out: string;
  curve: string;
  parameters: number;
}

/**
 * Trains a model on text files, from the files to a model directory. Everything is checked before anything is written.
 * @throws InputError for bad input: files, configuration, directory.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainSummary> {
  const { config, out, resume = false, device = 'cpu', dtype = 'float32', signal, onEvent, onNote } = options;
  const files = options.data.map((file) => resolve(file));
  const folder = runFolder(out);
  const saved = resume ? await readSavedRun(folder) : undefined;
  if (saved === undefined) checkHoldsNoRun(folder);
  else checkIsSameRun(folder, saved, config, files);
  parseGPTConfig({ vocabSize: 1, ...config.model }, 'model'); // says what is wrong before the data is read
  const tokenizer = resume ? await loadTokenizer(out) : await makeTokenizer(config, files, signal);
  const modelConfig = fitVocabulary(config, tokenizer);
  const { contextLength } = modelConfig;
  const corpus = await openCorpus(folder, { config, files, tokenizer, contextLength, device, resume });
  if (saved !== undefined && saved.digest !== corpus.digest) {
    throw new InputError(`${out}: cannot resume, the data is not what the run began with`);
  }
  if (saved === undefined) await tokenizer.save(out);

  const model = new GPT(modelConfig, { seed: config.train.seed, device });
  const objective: Objective<TokenBatch> = inPrecision(new LanguageModelingObjective(model), dtype);
  const { validation } = corpus;
  const here = environment(device, dtype);
  const trainer = new Trainer({
    model,
    config: config.train,
    data: corpus.train,
    objective,
    validate: validation && (async (signal) => asEvaluation(await evaluate(validation(), objective, signal))),
    async saveCheckpoint({ optimizer }) {
      const run: SavedRun = { trainer: trainer.state(), config, data: files, digest: corpus.digest, environment: here };
      await saveCheckpoint(folder.checkpoint, { model, optimizer }, run);
      return folder.checkpoint;
    },
    saveBest: () => model.save(out),
    async onEvent(event) {
      await metrics.record(event, config.train.logEvery);
      await onEvent?.(event);
    },
  });
  if (saved !== undefined) {
    await loadCheckpoint(folder.checkpoint, { model, optimizer: trainer.optimizer });
    trainer.restore(saved.trainer);
    const changed = differences(saved.environment, here);
    if (changed.length > 0) onNote?.(`resumed, but not to the same last bit: ${changed.join(', ')}`);
  }
  const metrics = await MetricsLog.open(folder.metrics, saved?.trainer);
  try {
    const summary = await trainer.run(signal);
    return { ...summary, out, curve: folder.curve, parameters: model.parameterCount };
  } finally {
    await metrics.close();
    await writeLossCurve(folder.curve, `Loss of ${basename(resolve(out))}`, await readMetrics(folder.metrics));
    trainer.optimizer.dispose();
    model.dispose();
  }
}

function asEvaluation(loss: number | undefined): Evaluation | undefined {
  return loss === undefined ? undefined : { loss };
}

/** @throws InputError when the model's vocabulary is too small for the tokenizer. */
function fitVocabulary({ model }: RunConfig, { vocabSize }: Tokenizer): GPTConfig {
  const config = parseGPTConfig({ vocabSize, ...model }, 'model');
  if (config.vocabSize >= vocabSize) return config;
  throw new InputError(
    `field "model.vocabSize" is ${config.vocabSize}; allowed: >= ${vocabSize}, the tokenizer's entries`,
  );
}

/** The last check, of the data, may need the folder; where it fails the folder is as it was. */
async function openCorpus(folder: RunFolder, options: CorpusOptions): Promise<Corpus> {
  const made = await ensureWritableFolder(folder.path);
  try {
    if (options.config.data.format === 'dialogues') return await openDialogueCorpus(options);
    return await openTextCorpus(folder.tokens, options);
  } catch (error) {
    if (made !== undefined) await rm(made, { recursive: true, force: true });
    throw error;
  }
}
