import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { readJsonLines } from '../data/json-lines.js';
import { InputError, inputAt } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import { writeJsonLine } from './output.js';
import { nonEmpty } from './parse-option.js';
import { checkNoTokenizer } from './tokenizer-out.js';
import { addTokenizerTrain } from './tokenizer-train.js';

interface ConvertOptions {
  tokenizer: string;
  input: string;
}

const EncodeLine = z.strictObject({ text: z.string() });
const DecodeLine = z.strictObject({ tokens: z.array(z.int().min(0)) });

export function addTokenizer(program: Command): void {
  const tokenizer = program
    .command('tokenizer')
    .description('train a tokenizer, turn text into token ids and back, read and write other vocabulary files');
  addTokenizerTrain(tokenizer);
  const converters = [
    ['encode', 'lines of {"text"} to lines of {"tokens"}', encode],
    ['decode', 'lines of {"tokens"} to lines of {"text"}', decode],
  ] as const;
  for (const [name, description, action] of converters) {
    tokenizer
      .command(name)
      .description(description)
      .requiredOption('--tokenizer <dir>', 'model directory or tokenizer.json')
      .requiredOption('--input <file>', 'JSON lines; - is stdin')
      .option('--verbose', 'stack traces of errors')
      .action(action);
  }
  tokenizer
    .command('import')
    .description('write the tokenizer.json of a vocabulary in another form')
    .requiredOption('--input <file|dir>', 'a word2id JSON file, or a directory with vocab.json and merges.txt')
    .requiredOption('--out <dir>', 'the directory to write', nonEmpty)
    .option('--verbose', 'stack traces of errors')
    .action(importVocabulary);
  tokenizer
    .command('export')
    .description('write a character vocabulary as JSON with word2id and id2word')
    .requiredOption('--tokenizer <dir>', 'model directory or tokenizer.json')
    .requiredOption('--out <file>', 'the file to write', nonEmpty)
    .option('--verbose', 'stack traces of errors')
    .action(exportVocabulary);
}

async function encode({ tokenizer: path, input }: ConvertOptions): Promise<void> {
  const { loadTokenizer } = await import('../data/index.js');
  const tokenizer = await loadTokenizer(path);
  for await (const { where, value } of readJsonLines(input)) {
    const { text } = parseOrThrow(EncodeLine, value, where);
    await writeJsonLine({ tokens: inputAt(where, () => tokenizer.encode(text)) });
  }
}

async function decode({ tokenizer: path, input }: ConvertOptions): Promise<void> {
  const { loadTokenizer } = await import('../data/index.js');
  const tokenizer = await loadTokenizer(path);
  for await (const { where, value } of readJsonLines(input)) {
    const { tokens } = parseOrThrow(DecodeLine, value, where);
    await writeJsonLine({ text: inputAt(where, () => tokenizer.decode(tokens)) });
  }
}

async function importVocabulary({ input, out }: { input: string; out: string }): Promise<void> {
  const { loadTokenizer, readWordIds } = await import('../data/index.js');
  const { ensureWritableFolder } = await import('../io/writable-folder.js');
  checkNoTokenizer(out);
  const isFolder = statSync(input, { throwIfNoEntry: false })?.isDirectory() === true;
  const made = await (isFolder ? loadTokenizer(input) : readWordIds(input));
  await ensureWritableFolder(out);
  await made.save(out);
  await writeJsonLine({ out, vocabSize: made.vocabSize });
}

async function exportVocabulary({ tokenizer: path, out }: { tokenizer: string; out: string }): Promise<void> {
  const { CharTokenizer, loadTokenizer, writeWordIds } = await import('../data/index.js');
  const { ensureWritableFolder } = await import('../io/writable-folder.js');
  if (existsSync(out)) throw new InputError(`${out}: already there`);
  const tokenizer = await loadTokenizer(path);
  if (!(tokenizer instanceof CharTokenizer)) {
    throw new InputError(`${path}: not a character vocabulary; word2id files hold characters alone`);
  }
  await ensureWritableFolder(dirname(out));
  await writeWordIds(tokenizer, out);
  await writeJsonLine({ out, vocabSize: tokenizer.vocabSize });
}
