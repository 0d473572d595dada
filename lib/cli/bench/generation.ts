import { Random } from '../../data/index.js';
import type { GPT } from '../../model/index.js';
import { type Rate, rateOf } from './rate.js';

export interface GenerationSpeed {
  /** Texts at once. */
  requests: number;
  prompt: number;
  newTokens: number;
  /** Prompt tokens a second, of one request alone; with several requests none. */
  promptTokensPerSecond?: Rate;
  /** New tokens a second, of all requests together. */
  tokensPerSecond: Rate;
}

export interface GenerationOptions {
  requests: number;
  prompt: number;
  newTokens: number;
  rounds: number;
  seed: number;
}

/** Greedy texts after random prompts, a new one each round, so that nothing is kept of it. The first round does not count. */
export async function measureGeneration(model: GPT, options: GenerationOptions): Promise<GenerationSpeed> {
  const { requests, prompt, newTokens, rounds, seed } = options;
  const random = new Random(seed);
  model.eval();
  const times: { first: number; rest: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const prompts = Array.from({ length: requests }, () =>
      Array.from({ length: prompt }, () => random.nextInt(model.config.vocabSize)),
    );
    times.push(await generateAll(model, prompts, newTokens));
  }
  const counted = times.slice(1);
  // The first token comes with the prompt.
  const tokensPerSecond = rateOf(
    requests * (newTokens - 1),
    counted.map(({ rest }) => rest),
  );
  const promptTokensPerSecond = rateOf(
    prompt,
    counted.map(({ first }) => first),
  );
  return { requests, prompt, newTokens, tokensPerSecond, ...(requests === 1 ? { promptTokensPerSecond } : {}) };
}

/** @returns milliseconds until every text has its first token, and from then to the last token of all */
async function generateAll(model: GPT, prompts: readonly number[][], maxNewTokens: number) {
  const started = performance.now();
  let firsts = started;
  await Promise.all(
    prompts.map(async (prompt) => {
      let isFirst = true;
      for await (const _ of model.generate(prompt, { maxNewTokens, temperature: 0 })) {
        if (isFirst) firsts = Math.max(firsts, performance.now());
        isFirst = false;
      }
    }),
  );
  return { first: firsts - started, rest: performance.now() - firsts };
}
