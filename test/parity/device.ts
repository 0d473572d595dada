import { engine } from '../../lib/tensor/index.js';

/**
 * What the suite runs on: `GPTORCH_TEST_DEVICE`, else the CPU. A device that cannot be used fails every file of tests, with the
 * reason. float32 is float32 on each: libtorch rounds no product to TF32 unless asked to, and nothing here asks.
 */
export const device = engine.device(process.env.GPTORCH_TEST_DEVICE ?? 'cpu');
