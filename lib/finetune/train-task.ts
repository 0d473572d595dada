import { mapDataset, TaskBatches } from '../data/index.js';
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
import { evaluateTask, mainScore, scoresOf } from './evaluate-task.js';
import { type FineTuneConfig, toTrainConfig } from './finetune-config.js';
import type { PreparedTask } from './prepare.js';

/** What a fine-tuning run is, kept in its checkpoint. */
export interface SavedFineTune {
  finetune: FineTuneConfig;
  /** The pretrained model's directory. */
  model: string;
  languageModelingText: string[];
  perplexityBefore: TextPerplexity | undefined;
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
  const batches = new TaskBatches(prepared.train, { batchSize: Math.ceil(batchSize / accumulate), seed, shuffle });
  const stepsPerEpoch = Math.max(1, Math.floor((batches.length ?? 0) / accumulate));
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
      config: toTrainConfig(config, stepsPerEpoch),
      data: mapDataset(batches, (examples) => {
        const part = partOf(examples, group);
        return part.length === 0 ? null : makeTaskBatch(part, { answer, device });
      }),
      objective: inPrecision(new CombinedObjective(model, config), dtype),
      async validate() {
        const evaluation = await evaluateTask(model, prepared.evaluation, { group });
        return { loss: evaluation.loss, scores: scoresOf(evaluation) };
      },
      rank: ({ scores = {} }) => mainScore(scores),
      saveBest: () => model.save(folder.path),
    },
  });
}
