import { mapDataset, splitDataset, TaskBatches } from '../data/index.js';
import { partOf } from '../distributed/index.js';
import { answerKind, makeTaskBatch, type TaskBatch, type TaskModel } from '../heads/index.js';
import { CombinedObjective, inPrecision } from '../objectives/index.js';
import {
  environment,
  type RunFolder,
  type RunHooks,
  runTraining,
  type SavedRun,
  type TextPerplexity,
  type TrainSummary,
} from '../train/index.js';
import { evaluateTask, mainScore, scoresOf, type TaskEvaluation, type TaskEvaluationOptions } from './evaluate-task.js';
import { type FineTuneConfig, toTrainConfig } from './finetune-config.js';
import type { PreparedTask } from './prepare.js';

/** What a fine-tuning run is, kept in its checkpoint. */
export interface SavedFineTune {
  finetune: FineTuneConfig;
  /** The pretrained model's directory. */
  model: string;
  languageModelingText: string[];
  /** Of that text, before training; `digest` is of its bytes. */
  perplexityBefore: (TextPerplexity & { digest: string }) | undefined;
}

export interface TaskRun {
  folder: RunFolder;
  saved: SavedRun<SavedFineTune> | undefined;
  identity: SavedFineTune;
  /** The files, as absolute paths. */
  data: string[];
  prepared: PreparedTask;
  device: string;
  dtype: 'float32' | 'bfloat16';
  hooks: RunHooks;
}

/** Trains in epochs; after each the model is measured, and the best one saved. */
export async function trainTask(model: TaskModel, run: TaskRun): Promise<TrainSummary> {
  const { folder, saved, identity, data, prepared, device, dtype, hooks } = run;
  const { finetune: config } = identity;
  const { batchSize, accumulate, seed, shuffle } = config;
  const steps = new TaskBatches(prepared.train, { batchSize, seed, shuffle });
  const batches = splitDataset(steps, accumulate, (examples, part) =>
    partOf(examples, { rank: part, size: accumulate }),
  );
  const answer = answerKind(prepared.task);
  const { onEvent, onNote, signal, group } = hooks;
  return runTraining<TaskBatch, SavedFineTune>({
    ...{ folder, saved, onEvent, onNote, signal },
    identity: { config: identity, data, digest: prepared.digest, environment: environment(device, dtype, group?.size) },
    curve: { term: 'fineTuning', perplexity: false },
    trainer: {
      model,
      group,
      parameters: model.trainedParameters(),
      config: toTrainConfig(config, steps.length ?? 1),
      data: mapDataset(batches, (examples) => {
        const part = partOf(examples, group);
        return part.length === 0 ? null : makeTaskBatch(part, { answer, device });
      }),
      objective: inPrecision(new CombinedObjective(model, config), dtype),
      async validate(stop) {
        const evaluation = await evaluateUnlessStopped(model, prepared, { group, signal: stop });
        return evaluation && { loss: evaluation.loss, scores: scoresOf(evaluation) };
      },
      // Where scores tie, as small evaluation files make them, the loss tells who is surer of what is right. A model that gives
      // NaN seems to answer the first class each time, which may be often right.
      rank: ({ scores = {}, loss }) => [Number.isFinite(loss) ? mainScore(scores) : Number.NaN, -loss],
      ranksInitial: prepared.hasHead,
      saveBest: () => model.save(folder.path),
    },
  });
}

/** Undefined where the signal ended it. Ranks that measure together are not ended: one would wait for the others. */
async function evaluateUnlessStopped(
  model: TaskModel,
  { evaluation }: PreparedTask,
  { group, signal }: TaskEvaluationOptions,
): Promise<TaskEvaluation | undefined> {
  try {
    return await evaluateTask(model, evaluation, { group, signal: group ? undefined : signal });
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}
