import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { readJsonLines } from '../data/json-lines.js';
import { InputError, inputAt } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import { writeJsonLine } from './output.js';
import { positiveInteger } from './parse-option.js';

interface TrainOptions {
  type: 'bpe' | 'char';
  data: string[];
  vocabSize?: number;
  out: string;
}

interface ConvertOptions {
  tokenizer: string;
  input: string;
}

const EncodeLine = z.strictObject({ text: z.string() });
const DecodeLine = z.strictObject({ tokens: z.array(z.int().min(0)) });

export function addTokenizer(program: Command): void {
  const tokenizer = program.command('tokenizer').description('train a tokenizer; text to token ids and back');
  tokenizer
    .command('train')
    .description('write the tokenizer.json of a text')
    .addOption(new Option('--type <type>', 'byte-level BPE or characters').choices(['bpe', 'char']).default('bpe'))
    .requiredOption('--data <file...>', 'UTF-8 text files')
    .option('--vocab-size <n>', 'entries of a BPE, 257 to 30000', positiveInteger)
    .requiredOption('--out <dir>', 'the directory to write')
    .option('--verbose', 'stack traces of errors')
    .action(train);
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
}

async function train({ type, data, vocabSize, out }: TrainOptions): Promise<void> {
  const { CharTokenizer, trainBpeTokenizer } = await import('../data/index.js');
  const { ensureWritableFolder } = await import('../train/run-folder.js');
  if ((type === 'bpe') !== (vocabSize !== undefined))
    throw new InputError('--vocab-size goes with --type bpe, and only so');
  if (existsSync(join(out, 'tokenizer.json'))) throw new InputError(`${out}: already holds a tokenizer`);
  const made =
    vocabSize === undefined ? await CharTokenizer.fromFiles(data) : await trainBpeTokenizer(data, { vocabSize });
  await ensureWritableFolder(out);
  await made.save(out);
  await writeJsonLine({ out, vocabSize: made.vocabSize });
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
