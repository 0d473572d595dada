import { type Command, Option } from 'commander';
import { DIALOGUE_LAYOUTS, LOSS_ON } from '../data/dialogues/index.js';
import { InputError } from '../errors.js';
import { addCommonOptions } from './common-options.js';
import { describeCut, describeEvaluation } from './describe-evaluation.js';
import { FOR_DIALOGUES, type LanguageModelOptions } from './evaluate-language-model.js';
import { modelFolder } from './model-folder.js';
import { writeJsonLine, writeOut } from './output.js';
import { positiveInteger } from './parse-option.js';
import { refuseOptions } from './refuse-options.js';

interface EvaluateOptions extends LanguageModelOptions {
  batchSize: number;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description(
      "measure a fine-tuned model on its task's examples, a chat model on dialogues, a language model on text",
    )
    .requiredOption('--model <dir>', 'model directory, or a name of the Hugging Face Hub (organisation/model)')
    .requiredOption('--data <file...>', 'JSON lines with answers; dialogues; for a language model UTF-8 text')
    .option('--batch-size <n>', 'task examples computed together', positiveInteger, 32)
    .option('--baselines <file...>', 'also n-grams counted on these files, those that the model was trained on')
    .addOption(
      new Option('--loss-on <speakers>', "of dialogues: measure both speakers' words, or the second one's").choices(
        LOSS_ON,
      ),
    )
    .addOption(new Option('--layout <layout>', 'of dialogue files (default: found out)').choices(DIALOGUE_LAYOUTS))
    .option('--drop-spaces', 'of dialogue files: leave white space inside utterances out')
    .option('--skip-unknown', 'of dialogues: do not measure characters that the vocabulary lacks');
  addCommonOptions(command).action(run);
}

async function run(given: EvaluateOptions): Promise<void> {
  const options = { ...given, model: await modelFolder(given) };
  const { isTaskModel } = await import('./load-task-model.js');
  if (await isTaskModel(options.model)) await evaluateTaskModel(options);
  else await (await import('./evaluate-language-model.js')).evaluateLanguageModel(options);
}

async function evaluateTaskModel(options: EvaluateOptions): Promise<void> {
  const { loadTaskModel } = await import('./load-task-model.js');
  const { readTaskFile } = await import('../data/index.js');
  const { encodeTaskLines, evaluateTask } = await import('../finetune/index.js');
  const { data, batchSize, json } = options;
  const names = ['baselines', ...FOR_DIALOGUES] as const;
  refuseOptions(options, names, `is for language models; ${options.model} has the head of a task`);
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
  else await writeOut(`${[describeEvaluation(evaluation, labels), ...describeCut(cut, model.config)].join('\n')}\n`);
}
