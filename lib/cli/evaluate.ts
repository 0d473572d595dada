import type { Command } from 'commander';
import { InputError } from '../errors.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { describeEvaluation, describePerplexity } from './describe-evaluation.js';
import { modelFolder } from './model-folder.js';
import { writeJsonLine, writeOut } from './output.js';
import { positiveInteger } from './parse-option.js';
import { StopSignal } from './stop-signal.js';

interface EvaluateOptions extends CommonOptions {
  model: string;
  data: string[];
  batchSize: number;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description("measure a fine-tuned model on its task's examples, or a language model on text")
    .requiredOption('--model <dir>', 'model directory')
    .requiredOption('--data <file...>', 'JSON lines with answers; for a language model UTF-8 text')
    .option('--batch-size <n>', 'examples computed together', positiveInteger, 32);
  addCommonOptions(command).action(run);
}

async function run(given: EvaluateOptions): Promise<void> {
  const options = { ...given, model: await modelFolder(given) };
  const { isTaskModel } = await import('./load-task-model.js');
  if (await isTaskModel(options.model)) await evaluateTaskModel(options);
  else await evaluateLanguageModel(options);
}

async function evaluateTaskModel(options: EvaluateOptions): Promise<void> {
  const { loadTaskModel } = await import('./load-task-model.js');
  const { readTaskFile } = await import('../data/index.js');
  const { encodeTaskLines, evaluateTask } = await import('../finetune/index.js');
  const { data, batchSize, json } = options;
  const { model, tokens } = await loadTaskModel(options);
  const { task, labels } = model.config;
  const lines = (await Promise.all(data.map((file) => readTaskFile(task, file)))).flat();
  const scored = lines.find(({ score }) => (score === undefined) === (task === 'similarity' && labels === undefined));
  if (scored)
    throw new InputError(`${scored.where}: field "${labels ? 'label' : 'score'}" is missing; the model gives one`);
  const examples = encodeTaskLines(lines, tokens, model.config);
  const evaluation = await evaluateTask(model, examples, { batchSize });
  const cut = examples.filter(({ isCut }) => isCut).length;
  if (json === true) await writeJsonLine({ task, labels, ...evaluation, cut });
  else await writeOut(`${describeEvaluation(evaluation, labels)}\n`);
}

async function evaluateLanguageModel(options: EvaluateOptions): Promise<void> {
  const { loadModel, needTokenizer } = await import('./load-model.js');
  const { textPerplexity } = await import('../train/index.js');
  const loaded = await loadModel(options);
  const tokenizer = needTokenizer(loaded, options.model, 'text cannot be encoded');
  const stop = new StopSignal();
  const measured = await textPerplexity(loaded.model, tokenizer, options.data, stop.signal);
  stop.dispose();
  process.exitCode = stop.exitCode ?? 0;
  if (measured === undefined) return;
  if (options.json === true) await writeJsonLine(measured);
  else await writeOut(`${describePerplexity('of the text', measured)}\n`);
}
