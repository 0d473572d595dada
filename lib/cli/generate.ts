import { type Command, Option } from 'commander';
import { BOUNDS } from '../bounds.js';
import { InputError, inputAt } from '../errors.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import type { LoadedModel } from './load-model.js';
import { writeJsonLine, writeOut } from './output.js';
import { positiveInteger, probability, tokenList, wholeWithin, within } from './parse-option.js';
import { StopSignal } from './stop-signal.js';
import { type WeightsOption, weightsOption } from './weights-option.js';

interface GenerateOptions extends CommonOptions, WeightsOption {
  model: string;
  prompt?: string;
  promptTokens?: number[];
  maxNewTokens: number;
  temperature: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repetitionPenalty?: number;
  stopTokens?: number[];
  n: number;
  logProbs?: boolean;
  whenFull: 'stop' | 'slide';
}

export function addGenerate(program: Command): void {
  const command = program
    .command('generate')
    .description('continue a prompt')
    .requiredOption('--model <dir>', 'model directory, or a name of the Hugging Face Hub (organisation/model)')
    .option('--prompt <text>', 'the text to continue; it is not repeated')
    .option('--prompt-tokens <ids>', 'the same as token ids: 1,2,3', tokenList)
    .option('--max-new-tokens <n>', 'the longest continuation', positiveInteger, 100)
    .option('--temperature <t>', '0 takes the most likely token each time', within(BOUNDS.temperature), 1)
    .option('--top-k <k>', 'draw from the k most likely tokens', positiveInteger)
    .option('--top-p <p>', 'draw from the fewest tokens that together have probability p', probability)
    .option('--min-p <p>', 'draw from tokens at least p times as likely as the most likely one', probability)
    .option(
      '--repetition-penalty <x>',
      'above 1: tokens that came before are less likely',
      within(BOUNDS.repetitionPenalty),
    )
    .option('--stop-tokens <ids>', 'end before any of these token ids', tokenList)
    .option('--n <count>', 'so many continuations, a line each, computed together', wholeWithin(BOUNDS.samples), 1)
    .option('--log-probs', "with --json: each token's log-probability")
    .addOption(
      new Option('--when-full <what>', 'at the end of the context: stop, or slide and forget its older half')
        .choices(['stop', 'slide'])
        .default('stop'),
    )
    .addOption(weightsOption());
  addCommonOptions(command).action(run);
}

async function run(options: GenerateOptions): Promise<void> {
  if ((options.prompt === undefined) === (options.promptTokens === undefined)) {
    throw new InputError('generate takes either --prompt or --prompt-tokens');
  }
  if (options.logProbs && !options.json) throw new InputError('--log-probs needs --json');
  const { checkTokens, loadModel } = await import('./load-model.js');
  const { decodeKnown } = await import('../data/index.js');
  const { generate, TextStream } = await import('../generate/index.js');
  const loaded = await loadModel(options);
  const { model, tokenizer } = loaded;
  const prompt = await encodePrompt(loaded, options);
  checkTokens(options.stopTokens ?? [], model, '--stop-tokens');

  const stop = new StopSignal();
  const { maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stopTokens } = options;
  const { n, logProbs, whenFull } = options;
  const sampling = { temperature, topK, topP, minP, repetitionPenalty, seed };
  const settings = { maxNewTokens, ...sampling, stop: stopTokens, n, logProbs, whenFull, signal: stop.signal };
  // Without a tokenizer the ids themselves are the text.
  const decode = (tokens: number[]) => (tokenizer ? decodeKnown(tokenizer, tokens) : tokens.join(' '));
  if (options.json === true) {
    const completions = await model.completions(prompt, settings);
    const results = completions.map((each) => ({ text: tokenizer ? decode(each.tokens) : null, ...each }));
    await writeJsonLine(n === 1 ? results[0] : { completions: results });
  } else if (n === 1) {
    const stream = new TextStream(decode);
    for await (const token of generate(model, prompt, settings)) await writeOut(stream.push(token));
    await writeOut(`${stream.end()}\n`);
  } else {
    for (const { tokens } of await model.completions(prompt, settings)) await writeOut(`${decode(tokens)}\n`);
  }
  stop.dispose();
  process.exitCode = stop.exitCode ?? 0;
}

async function encodePrompt(
  loaded: LoadedModel,
  { model, prompt = '', promptTokens }: GenerateOptions,
): Promise<number[]> {
  const { checkTokens, needTokenizer } = await import('./load-model.js');
  const tokens =
    promptTokens ?? inputAt('--prompt', () => needTokenizer(loaded, model, 'use --prompt-tokens').encode(prompt));
  if (tokens.length === 0) throw new InputError('--prompt is empty; the model needs at least one token to continue');
  checkTokens(tokens, loaded.model, promptTokens ? '--prompt-tokens' : '--prompt');
  const { contextLength } = loaded.model.config;
  if (tokens.length > contextLength) {
    throw new InputError(`--prompt has ${tokens.length} tokens; the model's context has ${contextLength}`);
  }
  return tokens;
}
