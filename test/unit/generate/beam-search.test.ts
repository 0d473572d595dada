import { afterAll, expect, test } from 'vitest';
import { ArgumentError } from '../../../lib/errors.js';
import { type BeamSearchOptions, beamSearch, engine, GPT, score } from '../../../lib/index.js';

const model = new GPT({ vocabSize: 17, contextLength: 16, layers: 2, heads: 2, width: 8, initStd: 0.5 });
afterAll(() => model.dispose());
const PROMPT = [3, 1, 4];

test('one beam is greedy generation', async () => {
  const [beam] = await beamSearch(model, PROMPT, { beams: 1, maxNewTokens: 8 });
  expect(beam?.tokens).toEqual((await model.complete(PROMPT, { maxNewTokens: 8, temperature: 0 })).tokens);
});

test('all beams end with the context; a score is the mean log-probability', async () => {
  const beams = await beamSearch(model, PROMPT, { beams: 5, maxNewTokens: 100 });
  expect(beams).toHaveLength(5);
  for (const { tokens, score: found, finishReason } of beams) {
    expect(finishReason).toBe('length');
    expect(tokens).toHaveLength(16 - PROMPT.length + 1);
    // The last token has no place in the context to be scored at.
    const [first, rest] = await Promise.all([
      score(model, [...PROMPT, ...tokens.slice(0, -1)]),
      model.complete([...PROMPT, ...tokens.slice(0, -1)], { maxNewTokens: 1, temperature: 0, logProbs: true }),
    ]);
    const before = first.logProbs.slice(PROMPT.length - 1).reduce((sum, logProb) => sum + logProb, 0);
    // The best last token is at least as probable as the beam's.
    expect(found * tokens.length).toBeLessThanOrEqual(before + (rest.logProbs?.[0] ?? Number.NaN) + 1e-4);
  }
  expect(beams.map((beam) => beam.score)).toEqual(beams.map((beam) => beam.score).sort((a, b) => b - a));
});

test('goes on with as many beams as wanted where the most probable tokens all end one', async () => {
  const logProbs = await model.complete(PROMPT, { maxNewTokens: 1, temperature: 0, topLogProbs: 6 });
  const stop = (logProbs.topLogProbs?.[0] ?? []).map(({ token }) => token);
  // Long beams are favoured so much that none which ends at once can be among the best.
  const options = { beams: 2, maxNewTokens: 5, lengthPenalty: 9, earlyStopping: 'never' } as const;
  const beams = await beamSearch(model, PROMPT, { ...options, stop });
  expect(beams).toHaveLength(2);
  for (const { tokens } of beams) expect(tokens.length).toBeGreaterThanOrEqual(4);
});

test('a signal ends it', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(beamSearch(model, PROMPT, { beams: 2, maxNewTokens: 4, signal })).rejects.toThrow('enough');
});

test.each<Partial<BeamSearchOptions>>([
  { beams: 0 },
  { beams: 1.5 },
  { beams: 18 },
  { maxNewTokens: 0 },
  { lengthPenalty: Number.NaN },
])('%j is refused', async (wrong) => {
  await expect(beamSearch(model, PROMPT, { beams: 2, maxNewTokens: 4, ...wrong })).rejects.toThrow(ArgumentError);
});

test('holds no memory afterwards', async () => {
  const held = async () => {
    await engine.idle();
    return engine.memory().held;
  };
  const before = await held();
  await beamSearch(model, PROMPT, { beams: 3, maxNewTokens: 6 });
  await score(model, PROMPT);
  expect(await held()).toBe(before);
});
