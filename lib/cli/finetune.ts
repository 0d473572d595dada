import type { Command } from 'commander';
import { InputError } from '../errors.js';
import type { FineTuneConfigInput, FineTuneSummary } from '../finetune/index.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { describeCut, describeEvaluation, describePerplexity } from './describe-evaluation.js';
import { modelFolder } from './model-folder.js';
import { writeJsonLine, writeOut } from './output.js';
import {
  collect,
  labelList,
  nonEmpty,
  nonNegativeInteger,
  nonNegativeNumber,
  positiveInteger,
  trueOrFalse,
} from './parse-option.js';
import { runJob } from './run-job.js';

type ConfigOptions = Partial<Omit<FineTuneConfigInput, 'seed'>>;

interface FineTuneOptions extends CommonOptions, ConfigOptions {
  model?: string;
  train?: string;
  eval?: string;
  lmData?: string[];
  out: string;
  resume?: boolean;
  set?: string[];
}

export function addFinetune(program: Command): void {
  const command = program
    .command('finetune')
    .description('teach a pretrained model a task')
    .option('--task <task>', 'classification, entailment, similarity or multiple-choice')
    .option('--model <dir>', 'the pretrained model directory, or a name of the Hugging Face Hub (organisation/model)')
    .option('--train <file>', 'examples to learn from, JSON lines')
    .option('--eval <file>', 'examples to measure on, JSON lines; they also choose the best epoch')
    .requiredOption('--out <dir>', 'the directory of the run: best model, checkpoint, metrics, report', nonEmpty)
    .option('--resume', 'go on from the checkpoint in --out; all else may be left out')
    .option('--labels <list>', 'the classes in the order of the outputs: a,b,c (default: those of --train)', labelList)
    .option('--epochs <n>', 'passes over --train (default: 3)', positiveInteger)
    .option('--batch-size <n>', 'examples in a step (default: 32)', positiveInteger)
    .option(
      '--accumulate <n>',
      "parts that a step's batch is computed in, to need less memory (default: 1)",
      positiveInteger,
    )
    .option('--lr <rate>', 'the highest learning rate (default: 6.25e-5)', nonNegativeNumber)
    .option('--lambda <λ>', 'weight of the language modelling loss beside the task (default: 0.5)', nonNegativeNumber)
    .option('--dropout <p>', "dropout everywhere (default: the model's own, 0.1 before the head)", nonNegativeNumber)
    .option('--max-length <n>', 'tokens of the longest sequence (default: the context)', positiveInteger)
    .option('--freeze <n>', 'keep the embeddings and the first n blocks as they are (default: 0)', nonNegativeInteger)
    .option('--shuffle <true|false>', 'a new random order each epoch (default: true)', trueOrFalse)
    .option('--patience <n>', 'end after n epochs without a better one', positiveInteger)
    .option('--lm-data <file...>', 'text whose perplexity is measured before and after')
    .option('--set <key=value>', 'any field of the configuration, such as weightDecay=0', collect);
  addCommonOptions(command).action(run);
}

async function run(given: FineTuneOptions): Promise<void> {
  const { finetune } = await import('../finetune/index.js');
  const { joinRanks } = await import('./join-ranks.js');
  const { TrainingDisplay } = await import('./training-display.js');
  const chosen = await chooseRun(given);
  const { device, group, options } = await joinRanks(given);
  const { out, resume, dtype } = options;
  const display = new TrainingDisplay(options, group);
  const summary = await runJob(display, 'stopping after this step; once more to stop at once', (hooks) =>
    finetune({ ...chosen, out, resume, device, dtype, group, ...hooks }),
  );
  await group?.close();
  if (display.isShown) await tell(summary, options);
}

/** Configuration and files of the command line or, where it does not say, of the run that is resumed. */
async function chooseRun(options: FineTuneOptions) {
  const { parseFineTuneConfig } = await import('../finetune/index.js');
  const { applyOverrides } = await import('../config/index.js');
  const saved = await readSaved(options);
  const { task, labels, epochs, batchSize, accumulate, lr, lambda, dropout, seed, set = [] } = options;
  const { maxLength, freeze, shuffle, patience } = options;
  const given = {
    task,
    labels,
    epochs,
    batchSize,
    accumulate,
    lr,
    lambda,
    dropout,
    maxLength,
    freeze,
    shuffle,
    patience,
    seed,
  };
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const config = parseFineTuneConfig(applyOverrides({ ...saved?.config.finetune, ...said }, set), 'finetune');
  const need = (name: string, value: string | undefined): string => {
    if (value === undefined) throw new InputError(`finetune needs --${name} (or --resume)`);
    return value;
  };
  return {
    config,
    model: await modelFolder({ ...options, model: need('model', options.model ?? saved?.config.model) }),
    train: need('train', options.train ?? saved?.data[0]),
    evaluation: need('eval', options.eval ?? saved?.data[1]),
    languageModelingText: options.lmData ?? saved?.config.languageModelingText,
  };
}

async function readSaved({ out, resume }: FineTuneOptions) {
  const { readSavedRun, runFolder } = await import('../train/index.js');
  type Saved = import('../finetune/index.js').SavedFineTune;
  return resume ? readSavedRun<Saved>(runFolder(out)) : undefined;
}

async function tell(summary: FineTuneSummary, { json }: FineTuneOptions): Promise<void> {
  const { scoresOf } = await import('../finetune/index.js');
  const { evaluation, baseline, languageModeling: text, task, examples, report, out, step, bestStep } = summary;
  if (json === true) return writeJsonLine({ ...summary, ...(evaluation && scoresOf(evaluation)) });
  if (evaluation === undefined) {
    return writeOut(`step ${step}, no epoch has been measured; go on with gptorch finetune --out ${out} --resume\n`);
  }
  const { train, evaluation: measured, cut } = examples;
  const lines = [
    `step ${step}, best at step ${bestStep}; ${train} examples, and ${measured} to measure on`,
    ...describeCut(cut, task),
    describeEvaluation(evaluation, task.labels, baseline),
    ...(text ? [describePerplexity('before', text.before), describePerplexity('after', text.after)] : []),
    `model ${out}\nreport ${report}`,
  ];
  await writeOut(`${lines.join('\n')}\n`);
}
