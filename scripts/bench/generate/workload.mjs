import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gptorch } from '../machine.mjs';

/** Models with random weights: speed does not depend on them. */
export const GENERATE_SIZES = {
  gpt2: { vocabSize: 50257, contextLength: 1024, layers: 12, heads: 12, width: 768 },
  tiny: { vocabSize: 500, contextLength: 256, layers: 2, heads: 2, width: 64 },
};

export const PROMPT_TOKENS = 64;

/**
 * Writes what all peers read: `model/`, and in `workload.json` the prompts, all of one length, and how many tokens follow.
 * `device` and `dtype` are told on to those that ask. No prompt comes twice: who keeps a prompt's keys and values would have it for nothing.
 *
 * @returns {Promise<{ parameters: number, weights: number }>} `weights`: numbers in the matrices that each token reads
 */
export async function writeWorkload(folder, size, { newTokens, prompts: count, threads, device, dtype }) {
  const { GPT, Random } = gptorch;
  const model = new GPT(GENERATE_SIZES[size], { seed: 0 });
  await model.save(join(folder, 'model'));
  const random = new Random(1);
  const prompt = () => Array.from({ length: PROMPT_TOKENS }, () => random.nextInt(model.config.vocabSize));
  const prompts = Array.from({ length: count }, prompt);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'workload.json'),
    JSON.stringify({ prompts, newTokens, threads, device, dtype, config: GENERATE_SIZES[size] }),
  );
  const { vocabSize, width, layers, feedForwardWidth } = model.config;
  const result = {
    parameters: model.parameterCount,
    weights: vocabSize * width + layers * width * (4 * width + 2 * feedForwardWidth),
  };
  model.dispose();
  return result;
}
