import type { Command } from 'commander';
import { BOUNDS } from '../bounds.js';
import { InputError } from '../errors.js';
import type { GenerationSpeed } from './bench/generation.js';
import type { Rate } from './bench/rate.js';
import type { TrainingSpeed } from './bench/training.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { writeJsonLine, writeOut } from './output.js';
import { collect, positiveInteger, wholeWithin } from './parse-option.js';
import { type WeightsOption, weightsOption } from './weights-option.js';

/** Where a preset leaves the vocabulary to its data. */
const VOCABULARY = 8192;

interface BenchOptions extends CommonOptions, WeightsOption {
  config: string;
  set?: string[];
  batch?: number;
  length?: number;
  prompt?: number;
  newTokens?: number;
  requests: number;
  rounds: number;
}

export function addBench(program: Command): void {
  const command = program
    .command('bench')
    .description('measure how fast this machine trains a model of a configuration and generates with it')
    .option('--config <name|file>', 'a preset or a .json file; its weights are random', 'gpt-mini')
    .option('--set <key=value>', 'change a field, such as model.layers=2', collect)
    .option('--batch <n>', "sequences of a training step (default: the configuration's)", wholeWithin(BOUNDS.batchSize))
    .option('--length <n>', 'tokens of each sequence (default: the whole context)', positiveInteger)
    .option('--prompt <n>', "a prompt's tokens (default: 64, or what the new ones leave)", positiveInteger)
    .option(
      '--new-tokens <n>',
      'tokens generated after it (default: 64, or half of a context below 128)',
      positiveInteger,
    )
    .option('--requests <n>', 'texts that are generated at once, beside one alone', wholeWithin(BOUNDS.batchSize), 16)
    .option('--rounds <n>', 'times that each measurement is made; the median is shown', positiveInteger, 5)
    .addOption(weightsOption());
  addCommonOptions(command).action(run);
}

interface BenchReport {
  config: string;
  parameters: number;
  device: string;
  threads: number;
  instructionSet: string;
  torch: string;
  dtype: string;
  weights: string;
  training: TrainingSpeed;
  generation: GenerationSpeed[];
}

async function run(options: BenchOptions): Promise<void> {
  const { loadRunConfig } = await import('../config/index.js');
  const { GPT, parseGPTConfig } = await import('../model/index.js');
  const { engine } = await import('../tensor/index.js');
  const { measureTraining } = await import('./bench/training.js');
  const { measureGeneration } = await import('./bench/generation.js');
  const { setUpEngine } = await import('./set-up-engine.js');
  const { rounds, dtype, requests, weights } = options;
  const config = await loadRunConfig(options.config, options.set ?? []);
  const { train } = config;
  const seed = options.seed ?? train.seed;
  const device = await setUpEngine(options);
  const note = (text: string) => options.quiet !== true && process.stderr.write(`${text}\n`);

  const modelConfig = parseGPTConfig({ ...config.model, vocabSize: config.model.vocabSize ?? VOCABULARY }, 'model');
  const model = new GPT(modelConfig, { seed, device, decoder: { weights, maxWaiting: requests } });
  const { batch, length, prompt, newTokens } = sizesOf(options, model.config.contextLength, train.batchSize);
  note(`training: ${rounds} steps of ${batch} × ${length} tokens`);
  const training = await measureTraining(model, { train: { ...train, seed }, batch, length, rounds, dtype });
  const generation: GenerationSpeed[] = [];
  for (const count of new Set([1, requests])) {
    note(`generation: ${rounds} rounds of ${count} × (${prompt} + ${newTokens}) tokens`);
    generation.push(await measureGeneration(model, { requests: count, prompt, newTokens, rounds, seed }));
  }
  const report: BenchReport = {
    config: options.config,
    parameters: model.parameterCount,
    device,
    threads: engine.threads,
    instructionSet: engine.capability,
    torch: engine.torchVersion,
    dtype,
    weights: weights ?? 'float32',
    training,
    generation,
  };
  if (options.json) await writeJsonLine(report);
  else await writeOut(describe(report));
}

/** @throws InputError where they pass the model's context */
function sizesOf(options: BenchOptions, context: number, batchSize: number) {
  const { batch = batchSize, length = context, newTokens = Math.min(64, Math.floor(context / 2)) } = options;
  const { prompt = Math.min(64, context - newTokens) } = options;
  if (length > context) throw new InputError(`--length ${length} passes the model's context of ${context}`);
  if (newTokens < 2) throw new InputError(`--new-tokens is ${newTokens}; the second one is the first that is measured`);
  if (prompt < 1 || prompt + newTokens > context) {
    throw new InputError(`a prompt of ${prompt} and ${newTokens} new tokens pass the model's context of ${context}`);
  }
  return { batch, length, prompt, newTokens };
}

function describe({ training, generation, ...report }: BenchReport): string {
  const { config, parameters, device, threads, instructionSet, torch, dtype, weights } = report;
  const { batch, length, tokensPerSecond, gigaflops, peakBytes } = training;
  const milliseconds = (1000 * batch * length) / tokensPerSecond.median;
  const lines = [
    `${config}: ${parameters.toLocaleString('en-US')} parameters, on ${device}, ${threads} threads (${instructionSet}), libtorch ${torch}`,
    '',
    row('tokens a second', { median: 'median', min: 'min', max: 'max' }),
    row(`training, ${dtype}, ${batch} × ${length}`, rounded(tokensPerSecond)),
  ];
  for (const { requests, prompt, newTokens, promptTokensPerSecond, tokensPerSecond: speed } of generation) {
    if (promptTokensPerSecond) lines.push(row(`prompt of ${prompt}, ${weights}`, rounded(promptTokensPerSecond)));
    lines.push(row(`generation, ${weights}, ${requests} × ${newTokens}`, rounded(speed)));
  }
  const peak = device === 'cpu' ? `, at most ${(peakBytes / 1e6).toFixed(0)} MB of tensors` : '';
  lines.push('', `A training step: ${milliseconds.toFixed(1)} ms, ${gigaflops.toFixed(1)} GFLOP/s${peak}`);
  return `${lines.join('\n')}\n`;
}

function rounded(rate: Rate) {
  const whole = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
  return { median: whole(rate.median), min: whole(rate.min), max: whole(rate.max) };
}

function row(name: string, { median, min, max }: Record<keyof Rate, string>): string {
  return name.padEnd(36) + [median, min, max].map((cell) => cell.padStart(11)).join('');
}
