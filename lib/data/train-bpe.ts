import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GptorchError, InputError } from '../errors.js';
import { specialToken } from './added-tokens.js';
import { byteAlphabet, END_OF_TEXT, GPT2_PRE_TOKENIZER } from './byte-level.js';
import { readTextChunks } from './read-text.js';
import { findRustTokenizers } from './rust-tokenizers.js';
import { SubwordTokenizer } from './subword-tokenizer.js';

const SMALLEST = 257;
/** The Node binding trains with the trainer's default settings only. */
const LARGEST = 30_000;

/** A process of its own: the training is synchronous, shows a progress bar, and ends the process where it fails. */
const PROGRAM = `
  const [, tokenizers, text, result] = process.argv;
  const { BPE, Tokenizer, byteLevelPreTokenizer } = require(tokenizers);
  const tokenizer = new Tokenizer(BPE.empty());
  tokenizer.setPreTokenizer(byteLevelPreTokenizer(false, true));
  tokenizer.train([text]);
  tokenizer.save(result);
`;

type Merge = readonly [string, string];

/**
 * Trains a byte-level BPE as GPT-2's on text files: 256 bytes, then merges, then `<|endoftext|>`, so that every text can
 * be encoded. The same files give the same tokenizer. Needs the npm package `tokenizers`, to train only.
 *
 * @param options.vocabSize entries in all, 257 to 30,000.
 * @throws InputError when `vocabSize` is out of range or more than the text gives, or a file cannot be read as text.
 * @throws LoadError when `tokenizers` is not installed; the message says what to run.
 */
export async function trainBpeTokenizer(
  files: readonly string[],
  { vocabSize, signal }: { vocabSize: number; signal?: AbortSignal },
): Promise<SubwordTokenizer> {
  if (!Number.isInteger(vocabSize) || vocabSize < SMALLEST || vocabSize > LARGEST) {
    const smallest = `${SMALLEST} (256 bytes and ${END_OF_TEXT})`;
    const largest = `${LARGEST} (the most that the npm package "tokenizers" trains)`;
    throw new InputError(`vocabSize of the BPE is ${vocabSize}; allowed: ${smallest} to ${largest}`);
  }
  const merges = await learnMerges(files, findRustTokenizers(), signal);
  return new SubwordTokenizer(cutToSize(merges, vocabSize));
}

/** The merges that the trainer finds, most useful first. */
async function learnMerges(files: readonly string[], tokenizers: string, signal?: AbortSignal): Promise<Merge[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-bpe-'));
  try {
    // A copy: what is trained on is the text as strictly read, without byte order marks.
    const text = join(folder, 'text');
    const result = join(folder, 'tokenizer.json');
    await copyTexts(files, text);
    try {
      await promisify(execFile)(process.execPath, ['-e', PROGRAM, tokenizers, text, result], { signal });
    } catch (cause) {
      if (signal?.aborted === true) throw cause;
      const reason = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? String(cause);
      throw new GptorchError('ERR_TOKENIZER', `training the BPE failed: ${reason}`, { cause });
    }
    const { model } = JSON.parse(await readFile(result, 'utf8')) as { model: { merges: Merge[] } };
    return model.merges;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyTexts(files: readonly string[], target: string): Promise<void> {
  const handle = await open(target, 'w');
  try {
    for (const file of files) for await (const chunk of readTextChunks(file)) await handle.write(chunk);
  } finally {
    await handle.close();
  }
}

/** Merges are in the order of training, so cutting them gives what training for the smaller size would have given. */
function cutToSize(merges: readonly Merge[], vocabSize: number): object {
  const tokens = new Set(byteAlphabet());
  const kept: Merge[] = [];
  for (const merge of merges) {
    if (tokens.size === vocabSize - 1) break;
    kept.push(merge);
    tokens.add(merge.join(''));
  }
  if (tokens.size < vocabSize - 1) {
    const most = tokens.size + 1;
    throw new InputError(
      `vocabSize of the BPE is ${vocabSize}, but the text gives ${most} entries at most; use ${most} or more text`,
    );
  }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [specialToken(END_OF_TEXT, tokens.size)],
    normalizer: null,
    pre_tokenizer: GPT2_PRE_TOKENIZER,
    post_processor: null,
    decoder: GPT2_PRE_TOKENIZER,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...tokens, END_OF_TEXT].map((token, id) => [token, id])),
      merges: kept,
    },
  };
}
