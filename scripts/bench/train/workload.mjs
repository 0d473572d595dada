import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gptorch } from '../machine.mjs';
import { CLIP, modelConfig, OPTIMIZER } from '../sizes.mjs';

/** Batches in the file; the steps go round them. */
const BATCHES = 32;

/**
 * Writes what all peers read: `model/` (initial weights), `tokens.bin` (BATCHES, inputs and targets, batch,
 * contextLength) as int64, and `workload.json`.
 */
export async function writeWorkload(folder, size, { threads, device, dtype }) {
  const { GPT, Random } = gptorch;
  const config = modelConfig(size);
  const model = new GPT(config, { seed: 1337 });
  await model.save(join(folder, 'model'));
  model.dispose();

  const { vocabSize, contextLength } = config;
  const random = new Random(1337);
  const tokens = new BigInt64Array(BATCHES * 2 * size.batch * contextLength);
  let place = 0;
  for (let index = 0; index < BATCHES; index++) {
    // The lower of two draws: some tokens are then frequent, and there is something to learn.
    const draw = () => BigInt(Math.min(random.nextInt(vocabSize), random.nextInt(vocabSize)));
    const rows = Array.from({ length: size.batch }, () => Array.from({ length: contextLength + 1 }, draw));
    for (const shift of [0, 1]) {
      for (const row of rows) {
        tokens.set(row.slice(shift, shift + contextLength), place);
        place += contextLength;
      }
    }
  }
  await writeFile(join(folder, 'tokens.bin'), tokens);
  const { batch } = size;
  const workload = { config, batch, batches: BATCHES, threads, device, dtype, optimizer: OPTIMIZER, clip: CLIP };
  await writeFile(join(folder, 'workload.json'), JSON.stringify(workload));
}
