import { resolve } from 'node:path';
import { inOrder } from '../distributed/index.js';
import { InputError } from '../errors.js';
import { type TaskConfig, TaskModel } from '../heads/index.js';
import { digestOfFiles } from '../io/index.js';
import type { GPT } from '../model/index.js';
import {
  aloneInFolder,
  checkHoldsNoRun,
  type RunHooks,
  readSavedRun,
  runFolder,
  type TextPerplexity,
  type TrainSummary,
  textPerplexity,
} from '../train/index.js';
import { checkIsSame } from '../train/saved-run.js';
import { baselineOf, evaluateTask, type TaskEvaluation } from './evaluate-task.js';
import { type FineTuneConfigInput, parseFineTuneConfig } from './finetune-config.js';
import { type PreparedTask, prepareTask } from './prepare.js';
import { writeReport } from './report.js';
import { loadBaseModel, makeTaskModel } from './task-model-for.js';
import { type SavedFineTune, trainTask } from './train-task.js';

export interface FineTuneOptions extends RunHooks {
  /** Fields with a default may be left out. */
  config: FineTuneConfigInput;
  /** The pretrained model's directory. */
  model: string;
  /** Files of JSON lines. */
  train: string;
  evaluation: string;
  /** Text whose perplexity is measured before and after: what the model forgets. Default: none. */
  languageModelingText?: readonly string[] | undefined;
  /** The run's directory: the best epoch as a model directory, checkpoint, metrics, curve and report. */
  out: string;
  /** Go on from the checkpoint in `out`. Default false. */
  resume?: boolean | undefined;
  /** Default `cpu`. */
  device?: string;
  /** Of the computation; weights are always float32. Default `float32`. */
  dtype?: 'float32' | 'bfloat16';
}

export interface FineTuneSummary extends TrainSummary {
  out: string;
  /** The report's path. Like `evaluation` undefined where the run was stopped before there was a best epoch. */
  report: string | undefined;
  task: TaskConfig;
  parameters: number;
  examples: { train: number; evaluation: number; cut: number };
  /** Accuracy of always the most frequent answer; for scores the squared error of always the mean. */
  baseline: number;
  /** The best epoch on the evaluation file. */
  evaluation: TaskEvaluation | undefined;
  /** On `languageModelingText`; with a group on rank 0 alone. */
  languageModeling: { before: TextPerplexity; after: TextPerplexity } | undefined;
}

/**
 * Fine-tunes a pretrained model on a task (Radford et al. 2018, section 3.2), from files to a model directory. All input is
 * checked before anything is written or trained. Stopped by its signal, it leaves a run that resumes.
 * @throws InputError for bad input: files, configuration, directory; or where another process trains in the directory
 */
export function finetune(options: FineTuneOptions): Promise<FineTuneSummary> {
  return aloneInFolder(options.out, options.group, () => train(options));
}

async function train(options: FineTuneOptions): Promise<FineTuneSummary> {
  const { out, resume = false, device = 'cpu', dtype = 'float32', signal, group } = options;
  const config = parseFineTuneConfig(options.config);
  const directory = resolve(options.model);
  const files = { train: resolve(options.train), evaluation: resolve(options.evaluation) };
  const texts = (options.languageModelingText ?? []).map((file) => resolve(file));
  const folder = runFolder(out);
  const saved = resume ? await readSavedRun<SavedFineTune>(folder) : undefined;
  const prepared = await prepareTask(directory, files, config);
  const isFirst = (group?.rank ?? 0) === 0;
  if (saved === undefined) {
    if (isFirst) checkHoldsNoRun(folder);
  } else if (saved.digest !== prepared.digest || saved.config.model !== directory) {
    throw new InputError(`${out}: cannot resume, model or data are not what the run began with`);
  } else {
    // The checkpoint has the optimizer's state of what was trained.
    checkIsSame(folder, 'freeze', saved.config.finetune.freeze, config.freeze);
  }
  let owned: { dispose(): void } | undefined;
  try {
    const gpt = await loadBaseModel(directory, config.dropout, device);
    owned = gpt;
    const before = await inOrder(group, async () => {
      if (!isFirst) return undefined; // rank 0 measures and saves
      if (saved === undefined) await prepared.tokens.tokenizer.save(out);
      const digest = await digestOfFiles(texts);
      const known = saved?.config.perplexityBefore;
      if (known?.digest === digest) return known;
      const measured = await measureText(gpt, prepared, texts, signal);
      return measured && { ...measured, digest };
    });
    const model = await makeTaskModel(gpt, directory, prepared, config);
    owned = model;
    const identity = { finetune: config, model: directory, languageModelingText: texts, perplexityBefore: before };
    const run = { folder, saved, identity, data: Object.values(files), prepared, device, dtype, hooks: options };
    const summary = await trainTask(model, run);
    const parameters = model.namedParameters().reduce((sum, [, { size }]) => sum + size, 0);
    model.dispose();
    await group?.barrier(); // rank 0 has saved the best epoch

    const result: FineTuneSummary = {
      ...summary,
      out,
      report: undefined,
      task: prepared.task,
      parameters,
      examples: { train: prepared.train.length, evaluation: prepared.evaluation.length, cut: prepared.cut },
      baseline: baselineOf(prepared),
      evaluation: undefined,
      languageModeling: undefined,
    };
    if (summary.bestStep === null) return result;
    const best = await TaskModel.load(out, { device });
    owned = best;
    const evaluation = await evaluateTask(best, prepared.evaluation, { group });
    const after = isFirst ? await measureText(best.gpt, prepared, texts, signal) : undefined;
    const languageModeling = before && after && { before, after };
    const measured = { ...result, evaluation, languageModeling, report: folder.report };
    if (isFirst) await writeReport(folder, measured, config);
    return measured;
  } finally {
    owned?.dispose();
  }
}

async function measureText(
  gpt: GPT,
  { tokens }: PreparedTask,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TextPerplexity | undefined> {
  return texts.length === 0 ? undefined : textPerplexity(gpt, tokens.tokenizer, texts, { signal });
}
