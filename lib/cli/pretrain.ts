import { type Command, Option } from 'commander';
import { LOSS_ON, type LossOn } from '../data/dialogues/index.js';
import { InputError } from '../errors.js';
import type { PretrainSummary } from '../train/index.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { writeJsonLine, writeOut } from './output.js';
import { collect, nonEmpty } from './parse-option.js';
import { runJob } from './run-job.js';

interface PretrainOptions extends CommonOptions {
  config?: string;
  data?: string[];
  out: string;
  resume?: boolean;
  lossOn?: LossOn;
  set?: string[];
}

export function addPretrain(program: Command): void {
  const command = program
    .command('pretrain')
    .description('train a model on text or dialogues')
    .option('--config <name|file>', 'a preset or a .json file {model, tokenizer, data, train}')
    .option('--data <file...>', 'UTF-8 files of text or of dialogues')
    .requiredOption('--out <dir>', 'the directory of the run: best model, checkpoint, metrics, loss curve', nonEmpty)
    .option('--resume', 'go on from the checkpoint in --out; --config and --data may be left out')
    .addOption(
      new Option('--loss-on <speakers>', "of dialogues: learn both speakers' words, or the second one's").choices(
        LOSS_ON,
      ),
    )
    .option('--set <key=value>', 'change a field, such as train.lr=1e-3', collect);
  addCommonOptions(command).action(run);
}

async function run(given: PretrainOptions): Promise<void> {
  const { pretrain } = await import('../train/index.js');
  const { joinRanks } = await import('./join-ranks.js');
  const { TrainingDisplay } = await import('./training-display.js');
  const { config, data } = await chooseRun(given);
  const { device, group, options } = await joinRanks(given);

  const { out, resume, dtype } = options;
  const display = new TrainingDisplay(options, group);
  const summary = await runJob(display, 'stopping after this step; once more to stop at once', (hooks) =>
    pretrain({ config, data, out, resume, device, dtype, group, ...hooks }),
  );
  await group?.close();
  if (display.isShown) await tell(summary, options);
}

/** The configuration and data of the command line or, for a resumed run, of its checkpoint. */
async function chooseRun({ config: name, data, out, resume, lossOn, set = [], seed }: PretrainOptions) {
  const { applyOverrides, loadRunConfig, parseRunConfig } = await import('../config/index.js');
  const { readSavedRun, runFolder } = await import('../train/index.js');
  const overrides = [...set];
  if (lossOn !== undefined) overrides.push(`data.lossOn=${lossOn}`);
  if (seed !== undefined) overrides.push(`train.seed=${seed}`);
  const saved = resume ? await readSavedRun(runFolder(out)) : undefined;
  if (name === undefined && saved === undefined) throw new InputError('pretrain needs --config (or --resume)');
  if (data === undefined && saved === undefined) throw new InputError('pretrain needs --data (or --resume)');
  const config =
    name === undefined
      ? parseRunConfig(applyOverrides({ ...saved?.config }, overrides), `the run in ${out}`)
      : await loadRunConfig(name, overrides);
  return { config, data: data ?? saved?.data ?? [] };
}

async function tell(summary: PretrainSummary, { json, out }: PretrainOptions): Promise<void> {
  if (json === true) return writeJsonLine(summary);
  const { step, trainLoss, bestValLoss, bestStep, curve } = summary;
  if (trainLoss === null) {
    return writeOut(`step ${step}, nothing is trained yet; go on with gptorch pretrain --out ${out} --resume\n`);
  }
  const best = bestValLoss === null ? '' : `, best validation loss ${bestValLoss.toFixed(4)} at step ${bestStep}`;
  await writeOut(`step ${step}: train loss ${trainLoss.toFixed(4)}${best}\nmodel ${out}\nloss curve ${curve}\n`);
}
