export const VOCABULARY = 37;

export const config = {
  ...{ vocabSize: VOCABULARY, contextLength: 160, layers: 2, heads: 2, width: 32 },
  // Logits far apart: rounding chooses no other token.
  initStd: 0.3,
} as const;

export const forms = {
  'pre-norm': {},
  'post-norm': { normPosition: 'post', tiedEmbedding: false, activation: 'relu' },
  'a window': { attentionWindow: 20 },
} as const;

/** Some tokens, different for each number. */
export const prompt = (number: number, length: number) =>
  Array.from({ length }, (_, i) => (7 * i * i + 3 * i * number + 5 * number) % VOCABULARY);
