// The text that the small GPT of the task runs is pretrained on: the training texts of every task, without their labels, and
// running text of which the last tenth is held out, to measure what fine-tuning makes the model forget.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of task examples; each line's texts are taken in this order. */
const TASK_FILES = [
  'classification/sst2.train.jsonl',
  'entailment/sick.train.jsonl',
  'similarity/mrpc.train.jsonl',
  'multiple_choice/commonsenseqa.train.jsonl',
  'multiple_choice/copa.train.jsonl',
];
const FIELDS = ['text', 'premise', 'hypothesis', 'a', 'b', 'context'];
const RUNNING_TEXT = 'pretrain/tinyshakespeare.txt';
const HELD_OUT = 0.1;

/**
 * @param {string} data folder with the data sets
 * @param {string} folder where the two files are written
 * @returns {{ train: string, heldOut: string }}
 */
export function makeCorpus(data, folder) {
  const texts = TASK_FILES.flatMap((file) =>
    readFileSync(join(data, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => textOf(JSON.parse(line))),
  );
  const running = readFileSync(join(data, RUNNING_TEXT), 'utf8');
  const cut = Math.floor(running.length * (1 - HELD_OUT));
  mkdirSync(folder, { recursive: true });
  const files = { train: join(folder, 'pretrain.txt'), heldOut: join(folder, 'held-out.txt') };
  writeFileSync(files.train, `${texts.join('\n')}\n${running.slice(0, cut)}`);
  writeFileSync(files.heldOut, running.slice(cut));
  return files;
}

/** A question goes with its choices, of which none is marked as the right one. */
function textOf(example) {
  const parts = FIELDS.flatMap((field) => example[field] ?? []);
  const question = example.choices ? [example.question ?? '', ...example.choices] : [];
  return [...parts, ...question].join('\n');
}
