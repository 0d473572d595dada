import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../errors.js';
import { addTensorOptions, type TensorOptions } from './common-options.js';
import { writeJsonLine, writeOut } from './output.js';
import { collect, nonEmpty, positiveInteger } from './parse-option.js';

interface InitOptions extends TensorOptions {
  config: string;
  out: string;
  set?: string[];
  vocabSize?: number;
}

export function addInit(program: Command): void {
  const command = program
    .command('init')
    .description('write a model directory with fresh random weights')
    .requiredOption('--config <name|file>', 'a preset or a .json file')
    .requiredOption('--out <dir>', 'the directory to write', nonEmpty)
    .option('--set <key=value>', 'change a field, such as model.layers=2', collect)
    .option('--vocab-size <n>', "the vocabulary's size, where the configuration leaves it open", positiveInteger);
  addTensorOptions(command).action(run);
}

async function run(options: InitOptions): Promise<void> {
  const { loadRunConfig } = await import('../config/index.js');
  const { GPT, parseGPTConfig } = await import('../model/index.js');
  const { ensureWritableFolder } = await import('../io/writable-folder.js');
  const { setUpEngine } = await import('./set-up-engine.js');
  const run = await loadRunConfig(options.config, options.set);
  const vocabSize = options.vocabSize ?? run.model.vocabSize;
  if (vocabSize === undefined) throw new InputError(`${options.config} leaves the vocabulary open; give --vocab-size`);
  const config = parseGPTConfig({ ...run.model, vocabSize }, 'model');
  if (existsSync(join(options.out, 'model.safetensors'))) throw new InputError(`${options.out}: already holds a model`);
  const device = await setUpEngine(options);
  await ensureWritableFolder(options.out);

  const model = new GPT(config, { seed: options.seed ?? run.train.seed, device });
  await model.save(options.out);
  const summary = { out: options.out, parameters: model.parameterCount };
  if (options.json) await writeJsonLine(summary);
  else await writeOut(`${options.out}: ${summary.parameters.toLocaleString('en-US')} parameters\n`);
}
