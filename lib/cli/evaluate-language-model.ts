import type { DialogueLayout, LossOn, Tokenizer } from '../data/index.js';
import type { GPT } from '../model/index.js';
import type { DialoguePerplexity, TextPerplexity } from '../train/index.js';
import type { CommonOptions } from './common-options.js';
import { describePerplexity, perplexityTable } from './describe-evaluation.js';
import { writeJsonLine, writeOut } from './output.js';
import { refuseOptions } from './refuse-options.js';
import { StopSignal } from './stop-signal.js';

/** What `gptorch evaluate` takes for a language model. */
export interface LanguageModelOptions extends CommonOptions {
  model: string;
  data: string[];
  /** What the baselines are counted on. */
  baselines?: string[];
  lossOn?: LossOn;
  layout?: DialogueLayout;
  dropSpaces?: boolean;
  skipUnknown?: boolean;
}

/** Options that mean something for dialogues alone. */
export const FOR_DIALOGUES = ['lossOn', 'layout', 'dropSpaces', 'skipUnknown'] as const;

/** Perplexity of a chat model on dialogues, of any other language model on text, beside what counting gives. */
export async function evaluateLanguageModel(options: LanguageModelOptions): Promise<void> {
  const { loadModel, needTokenizer } = await import('./load-model.js');
  const loaded = await loadModel(options);
  const tokenizer = needTokenizer(loaded, options.model, 'text cannot be encoded');
  const { checkTokenizerFits } = await import('../data/index.js');
  checkTokenizerFits(tokenizer, loaded.model.config.vocabSize, options.model);
  const stop = new StopSignal();
  const isChat = tokenizer.tokenId('<sep>') !== undefined;
  const measure = isChat ? measureDialogues : measureText;
  const measured = await measure(loaded.model, tokenizer, options, stop.signal);
  stop.dispose();
  process.exitCode = stop.exitCode ?? 0;
  if (measured === undefined) return;
  if (options.json === true) await writeJsonLine(measured);
  else await writeOut(describe(measured));
}

async function measureDialogues(
  model: GPT,
  tokenizer: Tokenizer,
  { data, baselines, lossOn, layout, dropSpaces, skipUnknown = false }: LanguageModelOptions,
  signal: AbortSignal,
): Promise<(DialoguePerplexity & { cut: number }) | undefined> {
  const { encodeDialogues, readDialogues } = await import('../data/index.js');
  const { dialoguePerplexity } = await import('../train/index.js');
  const { contextLength } = model.config;
  const read = async (files: readonly string[]) =>
    encodeDialogues(await readDialogues(files, { layout, dropSpaces }), tokenizer, { contextLength });
  const { dialogues, cut } = await read(data);
  const measured = await dialoguePerplexity(model, tokenizer, dialogues, {
    ...{ lossOn, countUnknown: !skipUnknown, signal },
    baselines: baselines && (await read(baselines)).dialogues,
  });
  return measured && { ...measured, cut };
}

async function measureText(
  model: GPT,
  tokenizer: Tokenizer,
  options: LanguageModelOptions,
  signal: AbortSignal,
): Promise<TextPerplexity | undefined> {
  const why = `is for dialogues; ${options.model} has no <sep> in its vocabulary: no chat model`;
  refuseOptions(options, FOR_DIALOGUES, why);
  const { textPerplexity } = await import('../train/index.js');
  return textPerplexity(model, tokenizer, options.data, { baselines: options.baselines, signal });
}

function describe(measured: TextPerplexity | (DialoguePerplexity & { cut: number })): string {
  const lines = [describePerplexity('dialogues' in measured ? 'of the dialogues' : 'of the text', measured)];
  if ('dialogues' in measured) {
    const { dialogues, unknown, cut } = measured;
    lines.push(`${dialogues} dialogues, ${cut} of them cut to fit the context; ${unknown} characters are <unk>`);
  }
  return `${lines.join('\n')}\n${measured.baselines ? describeBaselines(measured, measured.baselines) : ''}`;
}

function describeBaselines(
  { perplexity }: TextPerplexity,
  baselines: NonNullable<TextPerplexity['baselines']>,
): string {
  const counted = Object.entries(baselines).map(([name, score]) => [name, score.perplexity]);
  return perplexityTable({ ...Object.fromEntries(counted), 'this model': perplexity });
}
