import { GREEDY } from '../chat/index.js';
import type { RunConfig } from '../config/index.js';
import { loadTokenizer, readDialogues } from '../data/index.js';
import { GPT } from '../model/index.js';
import { dialoguePerplexity, readDialogueParts } from '../train/index.js';
import { unseenPrompts } from './demo-prompts.js';
import { perplexityTable } from './describe-evaluation.js';
import { openChat } from './open-chat.js';

/** Perplexity per character, on the same held-out characters for all four. */
export interface DemoReport {
  heldOutDialogues: number;
  heldOutCharacters: number;
  unigram: number;
  bigram: number;
  trigram: number;
  model: number;
  answers: { prompt: string; answer: string }[];
}

export interface TrainedDemo {
  config: RunConfig;
  files: readonly string[];
  folder: string;
  device: string;
}

/** Measures a trained chat model beside what counting characters gives, and lets it answer. */
export async function reportOnDemo({ config, files, folder, device }: TrainedDemo): Promise<DemoReport> {
  const tokenizer = await loadTokenizer(folder);
  const model = (await GPT.load(folder, { device })).eval();
  const parts = await readDialogueParts(config, files, tokenizer, model.config.contextLength);
  const measured = await dialoguePerplexity(model, tokenizer, parts.validation, { baselines: parts.train });
  const utterances = (await readDialogues(files, config.data)).flatMap((dialogue) => dialogue.utterances);
  const answers: DemoReport['answers'] = [];
  for (const prompt of unseenPrompts(utterances)) {
    const session = openChat({ model, tokenizer }, folder, GREEDY);
    let answer = '';
    for await (const piece of session.reply(prompt)) answer += piece;
    answers.push({ prompt, answer });
  }
  model.dispose();
  return {
    heldOutDialogues: parts.validation.length,
    heldOutCharacters: measured?.tokens ?? 0,
    unigram: measured?.baselines?.unigram.perplexity ?? Number.NaN,
    bigram: measured?.baselines?.bigram.perplexity ?? Number.NaN,
    trigram: measured?.baselines?.trigram.perplexity ?? Number.NaN,
    model: measured?.perplexity ?? Number.NaN,
    answers,
  };
}

/** In plain words for a terminal. */
export function describeReport(report: DemoReport): string {
  const { heldOutDialogues, heldOutCharacters, unigram, bigram, trigram, answers } = report;
  return [
    `\nPerplexity per character on ${heldOutDialogues} held-out dialogues (${heldOutCharacters} characters):\n`,
    perplexityTable({ unigram, bigram, trigram, 'this model': report.model }),
    '\nAnswers to prompts that are not in the training data, as they come:\n',
    ...answers.map(({ prompt, answer }) => `  ${prompt}\n    ${answer}\n`),
  ].join('');
}
