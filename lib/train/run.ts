import { basename, resolve } from 'node:path';
import type { TrainConfig } from '../config/index.js';
import type { ProcessGroup } from '../distributed/index.js';
import type { Batch } from './batch.js';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import type { TrainListener, TrainSummary } from './events.js';
import { type LossCurveOptions, writeLossCurve } from './loss-curve.js';
import { MetricsLog, readMetrics } from './metrics-log.js';
import type { RunFolder } from './run-folder.js';
import { differences, type SavedRun } from './saved-run.js';
import { Trainer } from './trainer.js';
import type { TrainerOptions } from './trainer-options.js';

/** What a caller of a training job may watch and do. */
export interface RunHooks {
  /**
   * The ranks that do the job together, each called with the same arguments: on one machine, or with `out` and the data in
   * folders that all see. Rank 0 writes the files. Default: this process by itself.
   */
  group?: ProcessGroup | undefined;
  /** Aborted: the step under way is finished, a checkpoint saved, and the summary says `stopped: 'signal'`. */
  signal?: AbortSignal | undefined;
  onEvent?: TrainListener | undefined;
  /** Something that a person should know, such as a resume that will not be bit-exact. */
  onNote?: ((text: string) => void) | undefined;
}

export interface TrainingRun<B extends Batch, Config> extends RunHooks {
  folder: RunFolder;
  /** What the run is and was made of, as a checkpoint stores it beside the trainer's state. */
  identity: Omit<SavedRun<Config>, 'trainer'>;
  /** The run to go on from. */
  saved: SavedRun<Config> | undefined;
  /** How the loss curve is drawn. Default: as a language model's. */
  curve?: Omit<LossCurveOptions, 'title'>;
  trainer: Omit<TrainerOptions<B>, 'saveCheckpoint' | 'onEvent' | 'config'> & { config: TrainConfig };
}

/** Trains with checkpoints, `metrics.jsonl` and the loss curve in the run's folder, which rank 0 of a group writes. */
export async function runTraining<B extends Batch, Config>(run: TrainingRun<B, Config>): Promise<TrainSummary> {
  const { folder, identity, saved, signal, onEvent, onNote } = run;
  const { model, config, group } = run.trainer;
  const trainer = new Trainer<B>({
    ...run.trainer,
    async saveCheckpoint({ optimizer }) {
      const state: SavedRun<Config> = { trainer: trainer.state(), ...identity };
      await saveCheckpoint(folder.checkpoint, { model, optimizer }, state);
      return folder.checkpoint;
    },
    async onEvent(event) {
      await metrics?.record(event, config.logEvery);
      await onEvent?.(event);
    },
  });
  if (saved !== undefined) {
    await loadCheckpoint(folder.checkpoint, { model, optimizer: trainer.optimizer });
    trainer.restore(saved.trainer);
    const changed = differences(saved.environment, identity.environment);
    if (changed.length > 0) onNote?.(`resumed, but not to the same last bit: ${changed.join(', ')}`);
  }
  const isFirst = (group?.rank ?? 0) === 0;
  const metrics = isFirst ? await MetricsLog.open(folder.metrics, saved?.trainer) : undefined;
  const finish = async () => {
    if (metrics === undefined) return;
    await metrics.close();
    const title = `Loss of ${basename(resolve(folder.path))}`;
    await writeLossCurve(folder.curve, await readMetrics(folder.metrics), { title, ...run.curve });
  };
  let summary: TrainSummary;
  try {
    summary = await trainer.run(signal);
  } catch (error) {
    await finish().catch(() => {}); // what ended the run is what there is to tell
    throw error;
  } finally {
    trainer.optimizer.dispose();
  }
  await finish();
  return summary;
}
