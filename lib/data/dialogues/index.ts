/** Dialogues to train a chat model on: files, vocabulary, held-out part, batches. */

export type { Dialogue } from './dialogue.js';
export {
  type DialogueBatch,
  DialogueBatches,
  type DialogueBatchOptions,
  dialogueEvaluationBatches,
} from './dialogue-batches.js';
export {
  chatTokenizer,
  type DialogueTargetOptions,
  dialogueTargets,
  type EncodedDialogue,
  type EncodedDialogues,
  encodeDialogues,
  LOSS_ON,
  type LossOn,
} from './encode-dialogues.js';
export { DIALOGUE_LAYOUTS, type DialogueLayout } from './layout.js';
export { parseDialogues, type ReadDialoguesOptions, readDialogues } from './read-dialogues.js';
export { type Split, splitDialogues } from './split-dialogues.js';
