import type { Command } from 'commander';
import type { TokenFileInfo } from '../data/index.js';
import { AmountProgress } from './amount-progress.js';
import { writeJsonLine, writeOut } from './output.js';
import { fraction, nonEmpty } from './parse-option.js';

interface PrepareOptions {
  data: string[];
  tokenizer: string;
  out: string;
  validationFraction: number;
  separator: boolean;
  json?: boolean;
  quiet?: boolean;
}

export function addData(program: Command): void {
  const data = program.command('data').description('prepare files of training data');
  data
    .command('prepare')
    .description('encode text to train.bin and val.bin, files of token ids')
    .requiredOption('--data <file...>', 'UTF-8 text files')
    .requiredOption('--tokenizer <dir>', 'model directory or tokenizer.json')
    .requiredOption('--out <dir>', 'the directory to write', nonEmpty)
    .option('--validation-fraction <x>', 'the end of the text that goes to val.bin; 0: nothing', fraction, 0.1)
    .option('--no-separator', 'nothing between two files; otherwise <|endoftext|> where the vocabulary has it')
    .option('--json', 'what was written as one JSON line')
    .option('--quiet', 'no progress on stderr')
    .option('--verbose', 'stack traces of errors')
    .action(prepare);
}

async function prepare({ data, tokenizer: path, out, validationFraction, separator, json, quiet }: PrepareOptions) {
  const { loadTokenizer, prepareTokens } = await import('../data/index.js');
  const tokenizer = await loadTokenizer(path);
  const progress = new AmountProgress({
    quiet,
    format: (characters) => `${(characters / 1e6).toFixed(1)} M characters`,
  });
  const onProgress = (done: number, total: number) => progress.update('encoding', done, total);
  const options = { validationFraction, onProgress, ...(separator ? {} : { separator: null }) };
  const { train, validation, characters } = await prepareTokens(data, tokenizer, out, options).finally(() =>
    progress.end(),
  );
  const files = [train, ...(validation === undefined ? [] : [validation])];
  if (json === true)
    await writeJsonLine({ train: summary(train), validation: validation ? summary(validation) : null, characters });
  else
    for (const file of files)
      await writeOut(`${file.path}: ${file.length.toLocaleString('en-US')} tokens, ${file.dtype}\n`);
}

function summary({ path, length, dtype, vocabSize }: TokenFileInfo) {
  return { path, tokens: length, dtype, vocabSize };
}
