import { TaskModel } from '../heads/index.js';
import { loadSafetensors } from '../io/index.js';
import { GPT, growVocabulary, loadGPT, weightsPath } from '../model/index.js';
import type { FineTuneConfig } from './finetune-config.js';
import type { PreparedTask } from './prepare.js';

/** A pretrained model with the dropout that it is fine-tuned with. */
export function loadBaseModel(directory: string, dropout: number | undefined, device: string): Promise<GPT> {
  const dropouts = { embeddingDropout: dropout, attentionDropout: dropout, residualDropout: dropout };
  return loadGPT(
    directory,
    (config) => new GPT(dropout === undefined ? config : { ...config, ...dropouts }, { device, initialize: false }),
  );
}

/**
 * The model with what a task needs: rows for the start, delimiter and extract tokens, and the head, the directory's own
 * where it answers the same.
 * @returns in training mode; `gpt` belongs to it
 */
export async function makeTaskModel(
  gpt: GPT,
  directory: string,
  { task, tokens, hasHead }: PreparedTask,
  { seed, freeze }: FineTuneConfig,
): Promise<TaskModel> {
  const vocabSize = Math.max(gpt.config.vocabSize, tokens.tokenizer.vocabSize);
  const model = new TaskModel(growVocabulary(gpt, vocabSize, { seed }), task, { seed });
  try {
    if (hasHead) await loadSafetensors(weightsPath(directory), model.head.namedParameters());
    model.gpt.freeze(freeze);
    return model.train();
  } catch (error) {
    model.dispose();
    throw error;
  }
}
