/** Models of the Hugging Face Hub. */

export { type DownloadModelOptions, type DownloadProgress, downloadModel } from './download-model.js';
export { isModelName } from './model-cache.js';
