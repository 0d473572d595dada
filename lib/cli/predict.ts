import type { Command } from 'commander';
import type { TaskLineAt } from '../data/index.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { modelFolder } from './model-folder.js';
import { writeJsonLine } from './output.js';
import { positiveInteger } from './parse-option.js';

interface PredictOptions extends CommonOptions {
  model: string;
  input: string;
  batchSize: number;
}

/** Lines that are read before they are answered: enough to find some of similar length. */
const LINES_AT_ONCE = 1024;

export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .description("answer a task's examples, one JSON object a line, in the order of the input")
    .requiredOption(
      '--model <dir>',
      'fine-tuned model directory, or a name of the Hugging Face Hub (organisation/model)',
    )
    .requiredOption('--input <file>', 'JSON lines as for training, answers left out; - is stdin')
    .option('--batch-size <n>', 'examples computed together', positiveInteger, 32);
  addCommonOptions(command).action(run);
}

async function run(options: PredictOptions): Promise<void> {
  const { loadTaskModel } = await import('./load-task-model.js');
  const { readTaskLines } = await import('../data/index.js');
  const { encodeTaskLines, predict } = await import('../finetune/index.js');
  const { model, tokens } = await loadTaskModel({ ...options, model: await modelFolder(options) });
  const { batchSize, input, json } = options;
  const { task, maxLength } = model.config;
  let examples = 0;
  const answer = async (lines: readonly TaskLineAt[]) => {
    // An answer that stands there already is not looked at: it may be none that the model knows.
    const asked = lines.map((line) => ({ ...line, label: undefined, score: undefined }));
    const encoded = encodeTaskLines(asked, tokens, { maxLength });
    for (const prediction of await predict(model, encoded, { batchSize })) await writeJsonLine(prediction);
    examples += lines.length;
  };
  let waiting: TaskLineAt[] = [];
  for await (const line of readTaskLines(task, input)) {
    waiting.push(line);
    if (waiting.length < LINES_AT_ONCE) continue;
    await answer(waiting);
    waiting = [];
  }
  await answer(waiting);
  if (json === true) await writeJsonLine({ task, examples });
}
