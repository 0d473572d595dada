// The same start and the same steps for both sides: a model directory with the task's tokens and an untrained head, and
// every batch of every step, in the order in which gptorch's own run takes them.
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { distFolder } from '../../bootstrap/paths.mjs';

const library = (path) => import(join(distFolder, path));
const { chunk, TaskBatches } = await library('data/index.js');
const { parseFineTuneConfig } = await library('finetune/index.js');
const { toTrainConfig } = await library('finetune/finetune-config.js');
const { prepareTask } = await library('finetune/prepare.js');
const { loadBaseModel, makeTaskModel } = await library('finetune/task-model-for.js');
const { createSchedule } = await library('train/index.js');

/**
 * @param {object} run configuration of the run, as `gptorch finetune` takes it
 * @param {{ base: string, train: string, evaluation: string, folder: string }} paths
 * @returns {Promise<{ start: string, plan: string, evaluation: string }>}
 */
export async function makePlan(run, { base, train, evaluation, folder }) {
  const config = parseFineTuneConfig(run);
  const prepared = await prepareTask(base, { train, evaluation }, config);
  const paths = {
    start: join(folder, 'start'),
    plan: join(folder, 'plan.jsonl'),
    evaluation: join(folder, 'eval.jsonl'),
  };
  await mkdir(folder, { recursive: true });

  const model = await makeTaskModel(await loadBaseModel(base, config.dropout, 'cpu'), base, prepared, config);
  await model.save(paths.start);
  await prepared.tokens.tokenizer.save(paths.start);
  model.dispose();

  const { batchSize, seed, epochs } = config;
  const batches = new TaskBatches(prepared.train, { batchSize, seed, epochs });
  const { lr, minLr, schedule: kind, warmupSteps, steps: decayEnd } = toTrainConfig(config, batches.length);
  const schedule = createSchedule({ kind, lr, minLr, warmupSteps, decayEnd });
  const steps = [];
  for await (const examples of batches) steps.push({ lr: schedule(steps.length), microBatches: [toBatch(examples)] });
  writeLines(paths.plan, steps);
  writeLines(paths.evaluation, chunk(prepared.evaluation, batchSize).map(toBatch));
  return paths;
}

function toBatch(examples) {
  return {
    sequences: examples.flatMap(({ sequences }) => sequences),
    group: examples.map(({ sequences }) => sequences.length),
    labels: examples.map(({ answer }) => answer),
  };
}

function writeLines(path, values) {
  writeFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}
