import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import type { RunConfig } from '../config/index.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { writeJsonLine, writeOut } from './output.js';
import { collect, nonEmpty } from './parse-option.js';
import { runJob } from './run-job.js';

const PRESET = 'chat-zh-small';

interface DemoOptions extends CommonOptions {
  out: string;
  retrain?: boolean;
  set?: string[];
}

export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description('train a small Chinese chat model on the bundled dialogues, measure it and talk to it')
    .option('--out <dir>', 'the directory of the run', nonEmpty, `runs/${PRESET}`)
    .option('--retrain', 'train anew where a finished model is there')
    .option('--set <key=value>', 'change a field of the preset, such as train.steps=100', collect);
  addCommonOptions(command).action(run);
}

async function run(options: DemoOptions): Promise<void> {
  const { loadRunConfig, presetFolder } = await import('../config/index.js');
  const { describeReport, reportOnDemo } = await import('./demo-report.js');
  const { setUpEngine } = await import('./set-up-engine.js');
  const { out, json = false, seed, set = [] } = options;
  const config = await loadRunConfig(PRESET, seed === undefined ? set : [...set, `train.seed=${seed}`]);
  const dialogues = join(presetFolder, PRESET, 'dialogues');
  const files = (await readdir(dialogues))
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => join(dialogues, name));
  const device = await setUpEngine(options);

  const curve = await train({ config, files, device }, options);
  if (curve === undefined) return;
  const report = await reportOnDemo({ config, files, folder: out, device });
  if (json) await writeJsonLine({ out, curve, ...report });
  else await writeOut(`\nLoss curve: ${curve}\n${describeReport(report)}`);
  if (!json && process.stdin.isTTY && process.stdout.isTTY) await chat(options);
  else if (!json) await writeOut(`\nTalk to it: npx gptorch chat --model ${out}\n`);
}

/** Trains where there is no finished model. @returns the loss curve's path; undefined when a signal came. */
async function train(
  { config, files, device }: { config: RunConfig; files: string[]; device: string },
  options: DemoOptions,
): Promise<string | undefined> {
  const { aloneInFolder, pretrain, runFolder } = await import('../train/index.js');
  const { TrainingDisplay } = await import('./training-display.js');
  const { out, dtype, retrain = false } = options;
  const display = new TrainingDisplay(options);
  const earlier = retrain ? 'other' : await stateOfRun(out, config, files);
  if (earlier === 'finished') {
    display.note(`${out} holds the finished model of an earlier run; --retrain trains it anew`);
    return runFolder(out).curve;
  }
  if (earlier === 'other') await aloneInFolder(out, undefined, () => removeRun(out));
  else if (earlier === 'unfinished') display.note(`${out} holds an unfinished run; it goes on`);
  const resume = earlier === 'unfinished';
  const { stopped, curve } = await runJob(display, 'stopping after this step; the next start goes on', (hooks) =>
    pretrain({ config, data: files, out, resume, device, dtype, ...hooks }),
  );
  return stopped === 'signal' ? undefined : curve;
}

async function stateOfRun(out: string, config: RunConfig, files: readonly string[]) {
  const { readSavedRun, runFolder } = await import('../train/index.js');
  const folder = runFolder(out);
  if (!existsSync(folder.checkpoint)) return 'none';
  const saved = await readSavedRun(folder);
  if (!isDeepStrictEqual([saved.config, saved.data], [config, files])) return 'other';
  const { step, validatedAt } = saved.trainer;
  return step < config.train.steps || validatedAt !== step ? 'unfinished' : 'finished';
}

/** The run's own files; the folder may hold others. */
async function removeRun(out: string): Promise<void> {
  const { runFolder } = await import('../train/index.js');
  const { model, checkpoint, metrics, curve } = runFolder(out);
  for (const file of [model, checkpoint, metrics, curve]) await rm(file, { force: true });
}

async function chat(options: DemoOptions): Promise<void> {
  const { loadModel } = await import('./load-model.js');
  const { GREEDY } = await import('../chat/index.js');
  const { openChat } = await import('./open-chat.js');
  const { chatLoop } = await import('./chat-loop.js');
  await writeOut('\n');
  await chatLoop(openChat(await loadModel({ ...options, model: options.out }), options.out, GREEDY), {});
}
