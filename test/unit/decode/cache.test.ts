import { expect, test } from 'vitest';
import { engine, GPT } from '../../../lib/index.js';

// Alone in its file: what other tests leave to the garbage collector would be counted.
test('the cache grows to its limit and no further, and is freed with the model', async () => {
  const before = engine.memory().allocated;
  const config = { vocabSize: 17, contextLength: 1024, layers: 4, heads: 2, width: 8 };
  const model = new GPT(config, { decoder: { cacheTokens: 1024 } });
  // A token's keys and values in 4 layers.
  const tokenBytes = 2 * 4 * 8 * Float32Array.BYTES_PER_ELEMENT;
  // Packed weights and work space stay beside it.
  await model.decoder.embed([1, 2, 3]);
  await engine.idle();
  const made = engine.memory().allocated - model.decoder.stats().cache.allocated * tokenBytes;
  const sizes: number[] = [];
  for (let i = 0; i < 5; i++) {
    await model.complete([i, 1, 4], { maxNewTokens: 500 - i, temperature: 0 });
    await engine.idle();
    const { allocated, limit, used } = model.decoder.stats().cache;
    expect(used).toBe(0);
    expect(limit).toBe(1024);
    expect(engine.memory().allocated).toBe(made + allocated * tokenBytes);
    sizes.push(allocated);
  }
  expect(sizes).toEqual([512, 1024, 1024, 1024, 1024]);
  model.dispose();
  await engine.idle();
  expect(engine.memory().allocated).toBe(before);
});
