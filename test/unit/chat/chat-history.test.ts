import { expect, it } from 'vitest';
import { ChatHistory } from '../../../lib/chat/chat-history.js';

const SEP = 2;

it('ends each turn with the separator', () => {
  const history = new ChatHistory(SEP, 100);
  history.add([10, 11]);
  history.add([12]);
  history.add([13]);
  expect(history.prompt()).toEqual([10, 11, SEP, 12, SEP, 13, SEP]);
});

it('drops as many whole turns from the front as must go, and no more', () => {
  const history = new ChatHistory(SEP, 8);
  history.add([10, 11, 12]);
  history.add([13]);
  history.add([14, 15]);
  expect(history.prompt()).toEqual([13, SEP, 14, 15, SEP]); // 4 + 2 + 3 = 9 tokens are one too many
  history.add([16, 17]);
  expect(history.prompt()).toEqual([13, SEP, 14, 15, SEP, 16, 17, SEP]); // 8 fit exactly
  history.add([18, 19, 20, 21, 22]);
  expect(history.prompt()).toEqual([18, 19, 20, 21, 22, SEP]);
});

it('keeps the end of a turn that alone is too long', () => {
  const history = new ChatHistory(SEP, 4);
  history.add([10]);
  history.add([11, 12, 13, 14, 15]);
  expect(history.prompt()).toEqual([13, 14, 15, SEP]);
});

it('forgets everything when cleared', () => {
  const history = new ChatHistory(SEP, 4);
  history.add([10]);
  history.clear();
  expect(history.prompt()).toEqual([]);
  expect(history.turns).toBe(0);
});

it('takes back the newest turn, and no separator from inside one', () => {
  const history = new ChatHistory(SEP, 100);
  history.add([10, SEP, 11]);
  history.add([12]);
  history.removeLast();
  expect(history.prompt()).toEqual([10, 11, SEP]);
  expect(history.entries()).toEqual([[10, 11]]);
});
