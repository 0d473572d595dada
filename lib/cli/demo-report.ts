import { GREEDY } from '../chat/index.js';
import type { RunConfig } from '../config/index.js';
import { CountBaselines, dialogueTargets, loadTokenizer, readDialogues } from '../data/index.js';
import { GPT } from '../model/index.js';
import { LanguageModelingObjective } from '../objectives/index.js';
import { evaluate, openDialogueCorpus, readDialogueParts } from '../train/index.js';
import { unseenPrompts } from './demo-prompts.js';
import { openChat } from './open-chat.js';

/** Perplexity per character, on the same held-out characters for all three. */
export interface DemoReport {
  heldOutDialogues: number;
  heldOutCharacters: number;
  unigram: number;
  bigram: number;
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
  const { contextLength, vocabSize } = model.config;
  const parts = await readDialogueParts(config, files, tokenizer, contextLength);
  const baselines = new CountBaselines(
    parts.train.map((dialogue) => dialogueTargets(dialogue)),
    vocabSize,
  );
  const { targets, unigram, bigram } = baselines.evaluate(
    parts.validation.map((dialogue) => dialogueTargets(dialogue)),
  );

  const whole = { ...config, train: { ...config.train, evalBatches: 0 } };
  const corpus = await openDialogueCorpus({ config: whole, files, tokenizer, contextLength, device, resume: false });
  const loss = await evaluate(corpus.validation?.() ?? [], new LanguageModelingObjective(model));
  const utterances = (await readDialogues(files)).flatMap((dialogue) => dialogue.utterances);
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
    heldOutCharacters: targets,
    unigram: unigram.perplexity,
    bigram: bigram.perplexity,
    model: Math.exp(loss ?? Number.NaN),
    answers,
  };
}

/** In plain words for a terminal. */
export function describeReport(report: DemoReport): string {
  const { heldOutDialogues, heldOutCharacters, answers } = report;
  const row = (name: string, perplexity: number) => `  ${name.padEnd(10)}${perplexity.toFixed(1).padStart(8)}\n`;
  return [
    `\nPerplexity per character on ${heldOutDialogues} held-out dialogues (${heldOutCharacters} characters):\n`,
    row('unigram', report.unigram),
    row('bigram', report.bigram),
    row('this model', report.model),
    '\nAnswers to prompts that are not in the training data, as they come:\n',
    ...answers.map(({ prompt, answer }) => `  ${prompt}\n    ${answer}\n`),
  ].join('');
}
