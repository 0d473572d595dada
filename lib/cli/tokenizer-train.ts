import { type Command, Option } from 'commander';
import { checkSpecialToken } from '../data/added-tokens.js';
import { InputError, inputAt } from '../errors.js';
import { writeJsonLine } from './output.js';
import { nonEmpty, positiveInteger } from './parse-option.js';
import { StopSignal } from './stop-signal.js';
import { checkNoTokenizer } from './tokenizer-out.js';

interface TrainOptions {
  type: 'bpe' | 'char';
  data: string[];
  vocabSize?: number;
  specialTokens?: string[];
  out: string;
  quiet?: boolean;
}

export function addTokenizerTrain(tokenizer: Command): void {
  tokenizer
    .command('train')
    .description('write the tokenizer.json of a text')
    .addOption(new Option('--type <type>', 'byte-level BPE or characters').choices(['bpe', 'char']).default('bpe'))
    .requiredOption('--data <file...>', 'UTF-8 text files')
    .option('--vocab-size <n>', 'entries of a BPE, 257 to 30000', positiveInteger)
    .option('--special-tokens <token...>', 'the last entries of a BPE, the first of a character vocabulary')
    .requiredOption('--out <dir>', 'the directory to write', nonEmpty)
    .option('--quiet', 'no progress on stderr')
    .option('--verbose', 'stack traces of errors')
    .action(run);
}

async function run(options: TrainOptions): Promise<void> {
  const { ensureWritableFolder } = await import('../io/writable-folder.js');
  const { out } = options;
  if ((options.type === 'bpe') !== (options.vocabSize !== undefined)) {
    throw new InputError('--vocab-size goes with --type bpe, and only so');
  }
  checkNoTokenizer(out);
  const stop = new StopSignal();
  try {
    const made = await train(options, stop.signal);
    await ensureWritableFolder(out);
    await made.save(out);
    await writeJsonLine({ out, vocabSize: made.vocabSize });
  } catch (error) {
    if (stop.exitCode === undefined) throw error;
    process.exitCode = stop.exitCode;
  } finally {
    stop.dispose();
  }
}

async function train({ data, vocabSize, specialTokens: given, quiet }: TrainOptions, signal: AbortSignal) {
  const { CharTokenizer, trainBpeTokenizer } = await import('../data/index.js');
  const specialTokens = [...new Set(given)];
  for (const token of specialTokens) inputAt('--special-tokens', () => checkSpecialToken(token));
  if (vocabSize === undefined) return CharTokenizer.fromFiles(data, { specialTokens });
  return trainBpeTokenizer(data, { vocabSize, specialTokens, signal, progress: quiet !== true });
}
