/** gptorch: GPT models pretrained, fine-tuned and served from TypeScript, on libtorch. */

export * from './chat/index.js';
export * from './data/index.js';
export * from './decode/index.js';
export * from './distributed/index.js';
export * from './errors.js';
export * from './finetune/index.js';
export * from './generate/index.js';
export * from './heads/index.js';
export * from './hub/index.js';
export * from './io/index.js';
export * from './model/index.js';
export * from './nn/index.js';
export * from './objectives/index.js';
export * from './optim/index.js';
export * from './tensor/index.js';
export * from './train/index.js';
