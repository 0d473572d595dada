import * as errors from '../errors.js';
import { pauseAtExit } from './exit.js';
import { addon } from './load.js';

const classes: Record<string, new (message: string) => errors.GptorchError> = {
  ERR_ARGUMENT: errors.ArgumentError,
  ERR_INPUT: errors.InputError,
  ERR_DISPOSED: errors.DisposedError,
  ERR_ENGINE: errors.EngineError,
  ERR_QUEUE_FULL: errors.EngineQueueFullError,
  ERR_DECODER_FULL: errors.DecoderFullError,
  ERR_DECODER_TIMEOUT: errors.DecoderTimeoutError,
  ERR_OUT_OF_MEMORY: errors.OutOfMemoryError,
  ERR_PROCESS_GROUP: errors.ProcessGroupError,
  ERR_DEVICE: errors.DeviceError,
  ERR_DEVICE_LOST: errors.DeviceLostError,
};

addon.setErrorFactory((code, message) => {
  const known = classes[code];
  return known ? new known(message) : new errors.GptorchError(code, message);
});

pauseAtExit(addon);

export type * from './addon.js';
export { addonFolder } from './addon-folder.js';
export { cudaFacts } from './cuda-facts.js';
export { addon, libtorch } from './load.js';
export { whyNoCuda } from './why-no-cuda.js';
