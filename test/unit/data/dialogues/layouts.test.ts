import { describe, expect, it } from 'vitest';
import { type DialogueLayout, parseDialogues } from '../../../../lib/data/index.js';
import { messageOf } from '../temporary-folder.js';

const two = [
  ['你好', '你好呀'],
  ['a b', 'c', 'd'],
];
const read = (text: string, file = 'chat.txt', layout?: DialogueLayout) =>
  parseDialogues(text, file, { layout }).map(({ utterances }) => utterances);
const message = (text: string, file?: string, layout?: DialogueLayout) => messageOf(() => read(text, file, layout));

const messages = (...contents: string[]) => ({
  messages: contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content })),
});

describe('a layout', () => {
  it.each<[DialogueLayout, string, string]>([
    ['lines', 'blank lines between', '你好\n你好呀\n\na b\nc\nd\n'],
    ['tabs', 'tabs between', '你好\t你好呀\na b\tc\td\n'],
    ['tabs', 'no line end, blank lines, spaces and tabs around', '\n 你好 \t你好呀\t\r\n\n\ta b\tc\td'],
    ['json', 'arrays of texts', JSON.stringify(two)],
    ['json', 'arrays over several lines', JSON.stringify(two, null, 2)],
    ['json', 'objects', JSON.stringify(two.map((dialog) => ({ dialog, source: 'x' })))],
    ['json', 'messages', JSON.stringify([{ dialog: two[0] }, messages('a b', 'c', 'd')], null, '\t')],
    ['jsonl', 'arrays of texts', `${JSON.stringify(two[0])}\n\n${JSON.stringify(two[1])}\n`],
    ['jsonl', 'objects', two.map((dialog) => JSON.stringify({ dialog })).join('\r\n')],
    [
      'jsonl',
      'messages',
      [messages('你好', '你好呀'), messages('a b', 'c', 'd')].map((x) => JSON.stringify(x)).join('\n'),
    ],
  ])('%s: %s', (layout, _, text) => {
    expect(read(text, 'chat.txt', layout)).toEqual(two);
    expect(read(text)).toEqual(two); // found out from the text
  });

  it('is what the name of the file says', () => {
    const names: [string, string][] = [
      ['x.json', JSON.stringify(two)],
      ['x.JSONL', two.map((dialog) => JSON.stringify(dialog)).join('\n')],
      ['x.ndjson', two.map((dialog) => JSON.stringify(dialog)).join('\n')],
      ['x.tsv', '你好\t你好呀\na b\tc\td'],
    ];
    for (const [file, text] of names) expect(read(text, file)).toEqual(two);
    expect(() => read('a\nb\n', 'x.tsv')).toThrow('x.tsv:1: a dialogue of one utterance');
  });

  it('lines: an utterance may look a little like JSON, and may have a tab where that is said', () => {
    expect(read('[doge] 好\n{笑}\n')).toEqual([['[doge] 好', '{笑}']]);
    expect(read('a\tb\nc', 'chat.txt', 'lines')).toEqual([['a\tb', 'c']]);
  });

  it('cannot be told where some lines have tabs and others none', async () => {
    expect(await message('a\tb\nc\n')).toBe(
      'InputError: chat.txt: line 1 has a tab inside, line 2 has none; say what it is: the layout "tabs" (a dialogue a line) or "lines"',
    );
  });

  it('says where each dialogue stands', () => {
    const where = (text: string) => parseDialogues(text, 'f').map((dialogue) => dialogue.where);
    expect(where('\na\tb\n\nc\td')).toEqual(['f:2', 'f:4']);
    expect(where('["a","b"]\n\n["c","d"]')).toEqual(['f:1', 'f:3']);
    expect(where('[\n["a", "b,]\\"["],\n\n{"dialog": [\n"c", "d"]}, [\n"e", "f"]]')).toEqual(['f:2', 'f:4', 'f:5']);
  });
});

describe('white space inside utterances', () => {
  const lccc = JSON.stringify([['我 饿 了 。', '去 吃\u3000饭']]);

  it('stays, or goes where the file has it between all characters', () => {
    expect(read(lccc)).toEqual([['我 饿 了 。', '去 吃\u3000饭']]);
    const [dialogue] = parseDialogues(lccc, 'x.json', { dropSpaces: true });
    expect(dialogue?.utterances).toEqual(['我饿了。', '去吃饭']);
  });
});

describe('what is wrong is named with file, line and field', () => {
  it.each<[DialogueLayout, string, string]>([
    ['tabs', 'a\tb\n\nc\t \td', 'chat:3: utterance 2: the utterance is empty'],
    ['tabs', 'a\tb\nc', 'chat:2: a dialogue of one utterance; two or more are needed'],
    ['tabs', 'a\tb<sep>', 'chat:1: utterance 2: the utterance has <sep>, which is a special token'],
    [
      'json',
      '{"dialog": ["a", "b"]}',
      'chat: expected an array of dialogues, each an array of texts, {"dialog": […]} or',
    ],
    ['json', '[\n["a", "b"],\n["a", 5]]', 'chat:3: field "1" is 5; allowed: a string'],
    ['json', '[["a", "b"],\n\n"c"]', 'chat:3: is "c"; allowed: an array of texts, {"dialog": […]} or {"messages": ['],
    ['json', '[["a", "b"], {"dialogue": []}]', 'chat:1: is {"dialogue":[]}; allowed: an array of texts'],
    ['json', '[["a", "b"], null]', 'chat:1: is null; allowed: an array of texts'],
    ['json', '[["a", "b"], []]', 'chat:1: a dialogue of no utterance; two or more are needed'],
    ['json', '[]', 'chat: has no dialogue'],
    ['json', '[["a", " "]]', 'chat:1: field "1": the utterance is empty'],
    ['json', '[["a", "b"]', 'chat: not JSON: '],
    ['json', '[{"dialog": ["a", "b"], "dialog": ["c", "d"]}]', 'chat: "dialog" is there twice'],
    ['jsonl', '["a", "b"]\n["c"', 'chat:2: not JSON: ["c"'],
    ['jsonl', '{"dialog": ["a", "b"]}\n{"dialog": "c"}', 'chat:2: field "dialog" is "c"; allowed: a list'],
    ['jsonl', '{"dialog": ["a", "b <unk>"]}', 'chat:1: field "dialog.1": the utterance has <unk>'],
    [
      'jsonl',
      '{"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "a"}]}',
      'chat:1: field "messages.0.content": the utterance is empty',
    ],
    ['jsonl', '{"messages": [{"role": "user"}]}', 'chat:1: field "messages.0.content" is missing; allowed: a string'],
    [
      'jsonl',
      '{"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "a"}]}',
      'chat:1: field "messages.0.role" is "system"; allowed: "user": user and assistant take turns, the user begins',
    ],
    [
      'jsonl',
      '{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "a"}]}',
      'chat:1: field "messages.1.role" is "user"; allowed: "assistant": ',
    ],
  ])('%s: %j', async (layout, text, says) => {
    const told = await message(text, 'chat', layout);
    expect(told.slice(0, `InputError: ${says}`.length)).toBe(`InputError: ${says}`);
    expect(told).not.toMatch(/\n/);
  });
});
