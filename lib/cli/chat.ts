import { type Command, Option } from 'commander';
import { BOUNDS } from '../bounds.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { positiveInteger, probability, within } from './parse-option.js';
import { type WeightsOption, weightsOption } from './weights-option.js';

interface ChatOptions extends CommonOptions, WeightsOption {
  model: string;
  maxNewTokens: number;
  temperature: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repetitionPenalty?: number;
  transcript?: boolean;
}

export function addChat(program: Command): void {
  const command = program
    .command('chat')
    .description('talk to a model that was trained on dialogues; each line of stdin is a message')
    .requiredOption('--model <dir>', 'model directory, or a name of the Hugging Face Hub (organisation/model)')
    .option('--max-new-tokens <n>', 'the longest answer', positiveInteger, 100)
    .option('--temperature <t>', '0 takes the most likely token each time', within(BOUNDS.temperature), 0)
    .option('--top-k <k>', 'draw from the k most likely tokens', positiveInteger)
    .option('--top-p <p>', 'draw from the fewest tokens that together have probability p', probability)
    .option('--min-p <p>', 'draw from tokens at least p times as likely as the most likely one', probability)
    .option(
      '--repetition-penalty <x>',
      'above 1: tokens that came before are less likely',
      within(BOUNDS.repetitionPenalty),
    )
    .addOption(weightsOption())
    .addOption(
      new Option(
        '--transcript',
        'piped: messages are written before their answers, an empty line begins a new dialogue',
      ).conflicts('json'),
    );
  addCommonOptions(command).action(run);
}

async function run(options: ChatOptions): Promise<void> {
  const { loadModel } = await import('./load-model.js');
  const { openChat } = await import('./open-chat.js');
  const { chatLoop } = await import('./chat-loop.js');
  const { maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, seed, json, transcript } = options;
  const replies = { maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, seed };
  await chatLoop(openChat(await loadModel(options), options.model, replies), { json, transcript });
}
