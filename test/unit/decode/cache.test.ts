import { expect, test } from 'vitest';
import { engine, GPT } from '../../../lib/index.js';

// Alone in its file: what other tests leave to the garbage collector would be counted.
test('the cache is kept for the next generation, and freed with the model', async () => {
  const before = engine.memory().allocated;
  const model = new GPT({ vocabSize: 17, contextLength: 1024, layers: 4, heads: 2, width: 8 });
  await engine.idle();
  const made = engine.memory().allocated;
  const sizes: number[] = [];
  for (let i = 0; i < 4; i++) {
    await model.complete([3, 1, 4], { maxNewTokens: 500 - i, temperature: 0 });
    await engine.idle();
    sizes.push(engine.memory().allocated);
  }
  // Keys and values of 512 places in 4 layers, and no more.
  const cacheBytes = 2 * 4 * 512 * 8 * Float32Array.BYTES_PER_ELEMENT;
  expect(sizes).toEqual(sizes.map(() => made + cacheBytes));
  model.dispose();
  await engine.idle();
  expect(engine.memory().allocated).toBe(before);
});
