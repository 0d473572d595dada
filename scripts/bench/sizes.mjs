/** What is trained: a model, its batch, and how long a turn is so that the machine's drift hits all peers alike. */
export const SIZES = {
  char: {
    model: { vocabSize: 65, contextLength: 64, layers: 4, heads: 4, width: 128 },
    batch: 12,
    rounds: 40,
    steps: 10,
    warmUpSteps: 10,
  },
  mid: {
    model: { vocabSize: 8192, contextLength: 256, layers: 6, heads: 6, width: 384 },
    batch: 8,
    rounds: 15,
    steps: 1,
    warmUpSteps: 3,
  },
  /** GPT-2's smallest, its vocabulary filled up to a multiple of 64 as nanoGPT does: hours on a CPU. */
  gpt2: {
    model: { vocabSize: 50304, contextLength: 1024, layers: 12, heads: 12, width: 768 },
    batch: 16,
    rounds: 8,
    steps: 10,
    warmUpSteps: 5,
    needsGpu: true,
  },
};

/** nanoGPT's settings for its small models; decay on matrices only. */
export const OPTIMIZER = { lr: 1e-3, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1 };
export const CLIP = 1;

/** The whole configuration of a size: pre-norm, tanh GELU, biases, tied output weights, no dropout. */
export function modelConfig({ model }) {
  return {
    ...model,
    normPosition: 'pre',
    activation: 'gelu_tanh',
    bias: true,
    tiedEmbedding: true,
    embeddingDropout: 0,
    attentionDropout: 0,
    residualDropout: 0,
    initStd: 0.02,
  };
}
