import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  evaluationWindows,
  mapDataset,
  prepareTokens,
  readTokenFileInfo,
  type TokenFileInfo,
  TokenWindows,
  type WindowBatch,
} from '../data/index.js';
import { inTurn, partOf, type Share } from '../distributed/index.js';
import { TokenFile } from '../tensor/index.js';
import { type Corpus, type CorpusOptions, windowBatch } from './corpus.js';

/**
 * Running text as windows of token files in `folder`, made from the files or, for a resumed run, those it had.
 * @throws InputError when the text is shorter than one window or has a character that the tokenizer lacks.
 */
export async function openTextCorpus(folder: string, options: CorpusOptions): Promise<Corpus> {
  const { config, contextLength, device, share } = options;
  const { train, validation } = await openTokenFiles(folder, options);
  const { batchSize, seed, evalBatches } = config.train;
  const { order, windows } = config.data;
  const shape = { contextLength, batchSize, windows };
  const trainFile = TokenFile.open(train.path, train);
  const validationFile = validation && TokenFile.open(validation.path, validation);
  return {
    train: mapDataset(new TokenWindows({ tokens: train.length, ...shape, order, seed }), (batch) => {
      const part = partOfWindows(batch, share);
      return part && windowBatch(trainFile, part, device);
    }),
    validation:
      validationFile &&
      function* () {
        const all = evaluationWindows({ tokens: validationFile.length, ...shape, maxBatches: evalBatches });
        for (const batch of inTurn(all, share)) yield windowBatch(validationFile, batch, device);
      },
    digest: await hashFiles([train, ...(validation ? [validation] : [])]),
  };
}

/** The windows of a rank; null where there are fewer windows than ranks. */
function partOfWindows(batch: WindowBatch, share: Share | undefined): WindowBatch | null {
  const offsets = partOf(batch.offsets, share);
  if (offsets.length === 0) return null;
  return { ...batch, offsets, targetCount: offsets.length * (batch.length - batch.firstTarget) };
}

interface TokenFiles {
  train: TokenFileInfo;
  validation: TokenFileInfo | undefined;
}

async function openTokenFiles(
  folder: string,
  { config, files, tokenizer, contextLength, resume }: CorpusOptions,
): Promise<TokenFiles> {
  const path = join(folder, 'train.bin');
  if (!resume || !existsSync(path)) {
    const { validationFraction } = config.data;
    return prepareTokens(files, tokenizer, folder, { validationFraction, minimumTokens: contextLength + 1 });
  }
  const validationPath = join(folder, 'val.bin');
  return {
    train: await readTokenFileInfo(path),
    validation: existsSync(validationPath) ? await readTokenFileInfo(validationPath) : undefined,
  };
}

async function hashFiles(infos: readonly TokenFileInfo[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path } of infos) for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
