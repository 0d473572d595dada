/** Everyday openings for the demonstration; none of them stands in the bundled dialogues. */
export const DEMO_PROMPTS = [
  '你好，最近过得怎么样？',
  '今天天气真不错啊。',
  '你晚饭想吃什么？',
  '我昨晚没睡好，好困。',
  '周末有空一起出去玩吗？',
  '明天要考试了，我好紧张。',
  '你平时喜欢做什么？',
  '我先走了，下次再聊。',
] as const;

/** Those that no utterance of the training data is equal to. */
export function unseenPrompts(
  trainingUtterances: Iterable<string>,
  prompts: readonly string[] = DEMO_PROMPTS,
): string[] {
  const seen = new Set(trainingUtterances);
  return prompts.filter((prompt) => !seen.has(prompt));
}
