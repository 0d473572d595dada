import type { Command } from 'commander';
import { z } from 'zod';
import { readJsonLines } from '../data/json-lines.js';
import { InputError, inputAt } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { writeJsonLine } from './output.js';

interface ScoreOptions extends CommonOptions {
  model: string;
  input: string;
}

const LineSchema = z
  .strictObject({ text: z.string().optional(), tokens: z.array(z.int().min(0)).optional() })
  .refine(({ text, tokens }) => (text === undefined) !== (tokens === undefined), 'either {"text"} or {"tokens"}');

export function addScore(program: Command): void {
  const command = program
    .command('score')
    .description('print the log-probability of each token of the input, one JSON object a line')
    .requiredOption('--model <dir>', 'model directory, or a name of the Hugging Face Hub (organisation/model)')
    .requiredOption('--input <file>', 'JSON lines, {"text"} or {"tokens"}; - is stdin');
  addCommonOptions(command).action(run);
}

async function run(options: ScoreOptions): Promise<void> {
  const { checkTokens, loadModel, needTokenizer } = await import('./load-model.js');
  const { score } = await import('../generate/index.js');
  const loaded = await loadModel(options);
  const { contextLength } = loaded.model.config;
  const totals = { sequences: 0, tokens: 0, logProb: 0, scored: 0 };
  for await (const { where, value } of readJsonLines(options.input)) {
    const { text, tokens: given } = parseOrThrow(LineSchema, value, where);
    const tokens =
      given ?? inputAt(where, () => needTokenizer(loaded, options.model, 'give {"tokens"}').encode(text ?? ''));
    if (tokens.length === 0) throw new InputError(`${where}: no tokens to score`);
    if (tokens.length > contextLength) {
      throw new InputError(`${where}: ${tokens.length} tokens are more than the model's context of ${contextLength}`);
    }
    checkTokens(tokens, loaded.model, where);
    const { logProbs, loss } = await score(loaded.model, tokens);
    await writeJsonLine({ tokens, logProbs, loss });
    totals.sequences++;
    totals.tokens += tokens.length;
    totals.scored += logProbs.length;
    totals.logProb += logProbs.reduce((sum, value) => sum + value, 0);
  }
  if (options.json !== true) return;
  const { sequences, tokens, logProb, scored } = totals;
  await writeJsonLine({ sequences, tokens, loss: scored === 0 ? null : -logProb / scored });
}
