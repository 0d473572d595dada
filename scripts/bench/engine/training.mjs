import { gptorch } from '../machine.mjs';
import { modelConfig, OPTIMIZER, SIZES } from '../sizes.mjs';
import { TrainingLoop } from '../training-loop.mjs';

/** A loop over made-up tokens of one size. */
export function trainingOf(name) {
  const size = SIZES[name];
  const config = modelConfig(size);
  const { GPT, Random } = gptorch;
  const random = new Random(0);
  const rows = size.batch * config.contextLength;
  const tokens = BigInt64Array.from({ length: 2 * rows }, () => BigInt(random.nextInt(config.vocabSize)));
  return new TrainingLoop({ model: new GPT(config), optimizer: OPTIMIZER, tokens, batch: size.batch });
}
