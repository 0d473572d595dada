// Fine-tuning on real data, ours beside PyTorch's on the same batches, and what the combined loss keeps of language modelling.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { distFolder } from '../bootstrap/paths.mjs';
import { machine, openMpSettings } from './machine.mjs';
import { report } from './report.mjs';
import { summary } from './statistics.mjs';
import { makeCorpus } from './tasks/corpus.mjs';
import { ours, pretrain, test, theirs } from './tasks/measure.mjs';
import { makePlan } from './tasks/plan.mjs';
import { LAMBDA_RUN, LAMBDAS, RUNS } from './tasks/runs.mjs';
import { toMarkdown } from './tasks/table.mjs';

/** @param {{ data: string, work: string, threads: number, only?: string[], json?: boolean, save?: boolean }} options */
export async function tasks(options) {
  const { threads, only } = options;
  const before = machine();
  const [data, work] = [resolve(options.data), resolve(options.work)];
  const env = { ...process.env, ...openMpSettings(threads) };
  const context = { data, work, threads, env, main: join(distFolder, 'cli', 'main.js') };
  const corpus = makeCorpus(data, join(work, 'corpus'));
  const base = join(work, 'base');
  if (!existsSync(join(base, 'model.safetensors'))) await pretrain(context, corpus.train, base);

  const results = [];
  for (const run of RUNS.filter(({ name }) => only === undefined || only.includes(name))) {
    const folder = join(work, run.name);
    const files = (part) => join(data, `${run.files}.${part}.jsonl`);
    const { task, epochs, lr } = run;
    const plan = await makePlan(
      { task, epochs, lr },
      { base, train: files('train'), evaluation: files('dev'), folder },
    );
    const mine = await ours(context, run, { start: plan.start, files, out: join(folder, 'ours') });
    const peer = await theirs(context, run, plan);
    const onTest = await test(context, join(folder, 'ours'), files('test'));
    results.push({ ...run, ours: mine, theirs: peer, test: onTest });
    process.stderr.write(`${run.name}: ours ${mine.accuracy}, PyTorch ${peer.accuracy}\n`);
  }
  const lambdas = [];
  for (const lambda of only === undefined ? LAMBDAS : []) {
    const files = (part) => join(data, `${LAMBDA_RUN.files}.${part}.jsonl`);
    const out = join(work, `lambda-${lambda}`);
    const more = ['--lambda', String(lambda), '--lm-data', corpus.heldOut];
    const { languageModeling, best } = await ours(context, LAMBDA_RUN, { start: base, files, out, more });
    lambdas.push({ lambda, accuracy: best, languageModeling });
  }
  const ratios = summary(results.map(({ ours, theirs }) => ours.seconds / theirs.seconds));
  const result = {
    command: 'npm run bench -- tasks --data DIR --save',
    machine: before,
    threads,
    ratios,
    results,
    lambdas,
  };
  await report('tasks', options, result, toMarkdown(result));
}
