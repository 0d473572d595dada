/** The GPT model, its configuration, and its directories. */

export { type GPTConfig, type GPTConfigInput, parseGPTConfig } from './config.js';
export { loadGPT, readGPTConfig, readModelJson, saveModel, weightsPath } from './directory.js';
export { GPT, type GPTLoadOptions, type GPTOptions } from './gpt.js';
export { growVocabulary } from './grow-vocabulary.js';
export {
  fromHuggingFace,
  type ModelType,
  modelTypeOf,
  toHuggingFace,
} from './hugging-face.js';
export { type Quantized, quantize } from './quantize.js';
