import type { RunConfig } from '../config/index.js';
import {
  type DialogueBatch,
  DialogueBatches,
  dialogueEvaluationBatches,
  type EncodedDialogue,
  encodeDialogues,
  mapDataset,
  readDialogues,
  splitDialogues,
  type Tokenizer,
} from '../data/index.js';
import { inTurn, rangeOf, type Share } from '../distributed/index.js';
import { ArgumentError, InputError } from '../errors.js';
import { digestOfJson } from '../io/index.js';
import { tensor } from '../tensor/index.js';
import { type Corpus, type CorpusOptions, type TokenBatch, tokenBatch } from './corpus.js';

/** The dialogues of a run, to train on and to validate on. */
export interface DialogueParts {
  train: EncodedDialogue[];
  validation: EncodedDialogue[];
}

/**
 * Dialogues, encoded, with those that are held out apart.
 * @throws InputError naming file and line of what is no dialogue.
 */
export async function readDialogueParts(
  { data, train: { seed } }: RunConfig,
  files: readonly string[],
  tokenizer: Tokenizer,
  contextLength: number,
): Promise<DialogueParts> {
  const dialogues = await readDialogues(files, data);
  const parts = asInput(files, () => splitDialogues(dialogues, { validationFraction: data.validationFraction, seed }));
  const encode = (part: typeof dialogues) => encodeDialogues(part, tokenizer, { contextLength }).dialogues;
  return asInput(files, () => ({ train: encode(parts.train), validation: encode(parts.validation) }));
}

/** The tensors of a batch of dialogues, on `device`. */
export function dialogueBatch(
  { tokens, targets, batch, length, targetCount }: DialogueBatch,
  device: string,
): TokenBatch {
  const shape = [batch, length];
  return tokenBatch(tensor(tokens, { shape, device }), tensor(targets, { shape, device }), targetCount);
}

/** Dialogues as padded batches. */
export async function openDialogueCorpus({
  config,
  files,
  tokenizer,
  contextLength,
  device,
  share,
}: CorpusOptions): Promise<Corpus> {
  const parts = await readDialogueParts(config, files, tokenizer, contextLength);
  const { batchSize, seed, evalBatches } = config.train;
  const options = { batchSize, lossOn: config.data.lossOn, padId: tokenizer.tokenId('<pad>') ?? 0 };
  return {
    train: mapDataset(
      asInput(files, () => new DialogueBatches(parts.train, { ...options, seed })),
      (batch) => {
        const part = partOfDialogues(batch, share);
        return part && dialogueBatch(part, device);
      },
    ),
    validation:
      parts.validation.length === 0
        ? undefined
        : function* () {
            const all = dialogueEvaluationBatches(parts.validation, { ...options, maxBatches: evalBatches });
            for (const batch of inTurn(all, share)) yield dialogueBatch(batch, device);
          },
    digest: digestOfJson(parts),
  };
}

/** The dialogues of a rank; null where there are fewer of them than ranks. */
function partOfDialogues(whole: DialogueBatch, share: Share | undefined): DialogueBatch | null {
  const [begin, end] = rangeOf(whole.batch, share);
  if (begin === end) return null;
  const tokens = whole.tokens.slice(begin * whole.length, end * whole.length);
  const targets = whole.targets.slice(begin * whole.length, end * whole.length);
  const targetCount = targets.reduce((count, target) => (target >= 0n ? count + 1 : count), 0);
  return { tokens, targets, batch: end - begin, length: whole.length, targetCount };
}

/** What is a wrong argument there is wrong input here: it follows from the files alone. */
function asInput<T>(files: readonly string[], use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (error instanceof ArgumentError) throw new InputError(`${files.join(', ')}: ${error.message}`, { cause: error });
    throw error;
  }
}
