// One rank, or a process by itself: pretrains on text and on dialogues and learns all tasks, in FOLDER, with nothing random
// but the data's order. Prints what it came to as a line of JSON.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRunConfig } from '../../../dist/config/index.js';
import {
  engine,
  finetune,
  ProcessGroup,
  parseFineTuneConfig,
  pretrain,
  readRankEnvironment,
} from '../../../dist/index.js';

const [folder = ''] = process.argv.slice(2);
engine.setThreads(1);
const ranks = readRankEnvironment();
const group = ranks && (await ProcessGroup.join(ranks));
const outOf = (name) => join(folder, `${name}-of-${group?.size ?? 1}`);
const results = {};

for (const [name, { config, data }] of Object.entries(
  JSON.parse(await readFile(join(folder, 'pretrain.json'), 'utf8')),
)) {
  const run = parseRunConfig(config, name);
  const summary = await pretrain({
    config: run,
    data: data.map((file) => join(folder, file)),
    out: outOf(name),
    group,
  });
  results[name] = { losses: [summary.trainLoss, summary.valLoss], tokens: summary.tokens };
}
for (const [name, { config, train, evaluation }] of Object.entries(
  JSON.parse(await readFile(join(folder, 'finetune.json'), 'utf8')),
)) {
  const files = { train: join(folder, train), evaluation: join(folder, evaluation) };
  const run = {
    config: parseFineTuneConfig(config, name),
    model: join(folder, 'base'),
    ...files,
    out: outOf(name),
    group,
  };
  const summary = await finetune(run);
  results[name] = {
    losses: [summary.trainLoss, summary.valLoss],
    tokens: summary.tokens,
    evaluation: summary.evaluation,
  };
}
await group?.close();
console.log(JSON.stringify(results));
