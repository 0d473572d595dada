import type { RunConfig } from '../../config/index.js';
import { Random } from '../../data/index.js';
import type { GPT } from '../../model/index.js';
import { inPrecision, type LanguageModelingBatch, LanguageModelingObjective } from '../../objectives/index.js';
import { AdamW } from '../../optim/index.js';
import { engine, tensor } from '../../tensor/index.js';
import { queueStep } from '../../train/step.js';
import { type Rate, rateOf } from './rate.js';

/** The first steps allocate memory and choose kernels. */
const WARM_UP = 2;

export interface TrainingSpeed {
  batch: number;
  length: number;
  tokensPerSecond: Rate;
  /** Most bytes of tensors at once, in main memory. */
  peakBytes: number;
  /** 10⁹ floating-point operations a second, from `flopsPerToken`. */
  gigaflops: number;
}

export interface TrainingOptions {
  train: RunConfig['train'];
  batch: number;
  length: number;
  rounds: number;
  dtype: 'float32' | 'bfloat16';
}

/** Whole optimizer steps on random tokens: forward, backward, clipping, update. */
export async function measureTraining(model: GPT, options: TrainingOptions): Promise<TrainingSpeed> {
  const { train, batch, length, rounds, dtype } = options;
  const { lr, betas, eps, weightDecay, clip } = train;
  const objective = inPrecision(new LanguageModelingObjective(model), dtype);
  const parameters = model.namedParameters();
  const optimizer = new AdamW(parameters, { lr, betas, eps, weightDecay });
  const random = new Random(train.seed);
  model.train();
  engine.resetMemoryPeak();
  const milliseconds: number[] = [];
  for (let step = 0; step < WARM_UP + rounds; step++) {
    engine.setStep(step);
    const started = performance.now();
    const batches = [randomBatch(random, model, batch, length)];
    const { read } = await queueStep({ batches, objective, optimizer, parameters, lr, clip });
    await read();
    milliseconds.push(performance.now() - started);
  }
  const { peak } = engine.memory();
  optimizer.dispose();
  const tokensPerSecond = rateOf(batch * length, milliseconds.slice(WARM_UP));
  const gigaflops = (tokensPerSecond.median * flopsPerToken(model, length)) / 1e9;
  return { batch, length, tokensPerSecond, peakBytes: peak, gigaflops };
}

function randomBatch(random: Random, { config, device }: GPT, batch: number, length: number) {
  const tokens = Array.from({ length: batch }, () =>
    Array.from({ length: length + 1 }, () => random.nextInt(config.vocabSize)),
  );
  const cut = (first: number) =>
    tensor(
      tokens.map((row) => row.slice(first, first + length)),
      { dtype: 'int64', device },
    );
  const [inputs, targets] = [cut(0), cut(1)];
  const tokenCount = batch * length;
  return {
    inputs,
    targets,
    targetCount: tokenCount,
    tokenCount,
    dispose() {
      inputs.dispose();
      targets.dispose();
    },
  } satisfies LanguageModelingBatch & { tokenCount: number; dispose(): void };
}

/**
 * Forward and backward passes: 6 N + 12 · layers · heads · headWidth · length, N being all parameters but the embeddings of
 * positions, and of tokens where the output has weights of its own (Chowdhery et al. 2022, appendix B).
 */
function flopsPerToken({ config, parameterCount }: GPT, length: number): number {
  const { vocabSize, width, contextLength, layers, heads, headWidth, tiedEmbedding } = config;
  const looked = contextLength * width + (tiedEmbedding ? 0 : vocabSize * width);
  return 6 * (parameterCount - looked) + 12 * layers * heads * headWidth * length;
}
