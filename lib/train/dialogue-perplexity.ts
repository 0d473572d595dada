import {
  type BaselineScores,
  CountBaselines,
  dialogueEvaluationBatches,
  dialogueTargets,
  type EncodedDialogue,
  type LossOn,
  type Tokenizer,
} from '../data/index.js';
import type { GPT } from '../model/index.js';
import { dialogueBatch } from './dialogue-corpus.js';
import { languageModelLoss } from './language-model-loss.js';
import type { TextPerplexity } from './text-perplexity.js';

const BATCH_SIZE = 32;

/** What counts when a chat model is measured, and beside what. */
export interface DialoguePerplexityOptions {
  /** Default `both`. */
  lossOn?: LossOn | undefined;
  /**
   * False: characters that are not in the vocabulary are no targets (they are still read). True: each is the target
   * `<unk>`, one class for all of them. Default true.
   */
  countUnknown?: boolean | undefined;
  /** The dialogues that the model was trained on: n-grams are counted on them and measured on the same targets. */
  baselines?: readonly EncodedDialogue[] | undefined;
  signal?: AbortSignal | undefined;
}

/** How well a chat model predicts dialogues; a token is a character or the separator after an utterance. */
export interface DialoguePerplexity extends TextPerplexity {
  dialogues: number;
  /** Targets that are `<unk>`, whether they count or not. */
  unknown: number;
}

/**
 * How well a chat model predicts dialogues, without dropout: every token but the first of a dialogue, from all tokens
 * before it in the dialogue.
 * @returns undefined when `signal` was aborted
 * @throws InputError when there is no target
 */
export async function dialoguePerplexity(
  model: GPT,
  tokenizer: Tokenizer,
  dialogues: readonly EncodedDialogue[],
  { lossOn, countUnknown = true, baselines, signal }: DialoguePerplexityOptions = {},
): Promise<DialoguePerplexity | undefined> {
  const { device } = model;
  const unknownId = tokenizer.tokenId('<unk>');
  const counted = { lossOn, uncounted: countUnknown ? undefined : unknownId };
  const options = { batchSize: BATCH_SIZE, padId: tokenizer.tokenId('<pad>'), ...counted };
  const batches = function* () {
    for (const batch of dialogueEvaluationBatches(dialogues, options)) yield dialogueBatch(batch, device);
  };
  const loss = await languageModelLoss(model, batches(), signal);
  if (loss === undefined) return undefined;
  const samples = dialogues.map((dialogue) => dialogueTargets(dialogue, counted));
  const everything = dialogues.map((dialogue) => dialogueTargets(dialogue, { lossOn }));
  const unknown = everything.reduce((sum, { targets }) => sum + targets.filter((id) => id === unknownId).length, 0);
  return {
    loss,
    perplexity: Math.exp(loss),
    tokens: samples.reduce((sum, { targetCount }) => sum + targetCount, 0),
    dialogues: dialogues.length,
    unknown,
    ...(baselines && { baselines: countBaselines(baselines, samples, model.config.vocabSize) }),
  };
}

/** They are counted on all that the training dialogues say, questions too, whatever they are measured on. */
function countBaselines(
  training: readonly EncodedDialogue[],
  samples: readonly ReturnType<typeof dialogueTargets>[],
  vocabSize: number,
): Omit<BaselineScores, 'targets'> {
  const counted = new CountBaselines(
    training.map((dialogue) => dialogueTargets(dialogue)),
    vocabSize,
  );
  const { targets: _, ...scores } = counted.evaluate(samples);
  return scores;
}
