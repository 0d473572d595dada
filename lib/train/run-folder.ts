import { join } from 'node:path';

/** The files of a training run. */
export interface RunFolder {
  path: string;
  /** The best model's weights; with `config.json` and `tokenizer.json` beside them the folder is a model directory. */
  model: string;
  /** All that the run needs to go on. */
  checkpoint: string;
  /** The data as token files; nothing for dialogues. */
  tokens: string;
  metrics: string;
  curve: string;
  /** Of fine-tuning: what was learned, to be looked at. */
  report: string;
}

/** The files of a run; none is touched. */
export function runFolder(path: string): RunFolder {
  return {
    path,
    model: join(path, 'model.safetensors'),
    checkpoint: join(path, 'checkpoint.safetensors'),
    tokens: join(path, 'tokens'),
    metrics: join(path, 'metrics.jsonl'),
    curve: join(path, 'loss.svg'),
    report: join(path, 'report.html'),
  };
}
