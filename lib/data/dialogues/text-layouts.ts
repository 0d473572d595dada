import type { FoundDialogue } from './dialogue.js';

/** The chat recipe's layout: one utterance a line, blank lines between dialogues. The last one needs none after it. */
export function* findInLines(text: string, file: string): Generator<FoundDialogue> {
  let first = 0;
  let utterances: string[] = [];
  for (const [index, line] of [...text.split('\n'), ''].entries()) {
    if (line.trim() !== '') {
      if (utterances.length === 0) first = index + 1;
      utterances.push(line);
      continue;
    }
    if (utterances.length > 0) yield inLines(utterances, file, first);
    utterances = [];
  }
}

/** One dialogue a line, tabs between its utterances. Blank lines, and white space around a line, do not count. */
export function* findInTabs(text: string, file: string): Generator<FoundDialogue> {
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `${file}:${index + 1}`;
    const whereOf = (utterance: number) => `${where}: utterance ${utterance + 1}`;
    yield { utterances: line.trim().split('\t'), where, whereOf };
  }
}

function inLines(utterances: string[], file: string, first: number): FoundDialogue {
  return { utterances, where: `${file}:${first}`, whereOf: (index) => `${file}:${first + index}` };
}
