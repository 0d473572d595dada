import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TrainConfigInput } from '../../../lib/config/index.js';
import type { Dataset } from '../../../lib/data/index.js';
import { GPT } from '../../../lib/model/index.js';
import { type LanguageModelingBatch, LanguageModelingObjective } from '../../../lib/objectives/index.js';
import { engine, type Tensor, tensor } from '../../../lib/tensor/index.js';
import type { Batch, TrainEvent } from '../../../lib/train/index.js';
import { Trainer } from '../../../lib/train/index.js';

type Row = LanguageModelingBatch & Batch;

const VOCABULARY = 11;

function rowOf(inputs: Tensor, targets: Tensor, fixed: boolean): Row {
  const targetCount = inputs.size;
  return {
    ...{ inputs, targets, targetCount, tokenCount: targetCount },
    dispose() {
      inputs.dispose();
      targets.dispose();
    },
    ...(fixed && {
      layout: {
        name: `${targetCount} targets`,
        tensors: [inputs, targets],
        withTensors: ([i = inputs, t = targets]) => rowOf(i, t, fixed),
      },
    }),
  };
}

/** Endless rows of tokens; its state is the number of the next one. */
class Rows implements Dataset<Row> {
  #next = 0;

  /** @param lengthOf tokens of the i-th row */
  constructor(
    readonly fixed = true,
    readonly lengthOf = (_: number) => 6,
  ) {}

  state(): unknown {
    return this.#next;
  }

  restore(state: unknown): void {
    this.#next = state as number;
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const first = this.#next++;
      const tokens = Array.from({ length: this.lengthOf(first) + 1 }, (_, i) => (first * 3 + i * i) % VOCABULARY);
      const [inputs, targets] = [tokens.slice(0, -1), tokens.slice(1)].map((row) => tensor([row], { dtype: 'int64' }));
      if (inputs && targets) yield rowOf(inputs, targets, this.fixed);
    }
  }
}

const made: { dispose(): void }[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const each of made.splice(0)) each.dispose();
});

const harsh: Partial<TrainConfigInput> = {
  ...{ steps: 8, accumulate: 2, clip: 0.1, schedule: 'cosine', warmupSteps: 2, minLr: 1e-4, weightDecay: 0.1 },
};

function makeTrainer(config: Partial<TrainConfigInput>, data = new Rows(), saveCheckpoint?: () => Promise<string>) {
  const dropouts = { embeddingDropout: 0.1, attentionDropout: 0.1, residualDropout: 0.1 };
  const model = new GPT(
    { vocabSize: VOCABULARY, contextLength: 8, layers: 2, heads: 2, width: 8, ...dropouts },
    { seed: 3 },
  );
  const losses: number[] = [];
  const norms: number[] = [];
  const trainer = new Trainer<Row>({
    ...{ model, data, saveCheckpoint },
    config: { steps: 6, batchSize: 1, lr: 0.01, evalEvery: 100, ...config },
    objective: new LanguageModelingObjective(model),
    onEvent(event: TrainEvent) {
      if (event.type !== 'step') return;
      losses.push(event.metrics.trainLoss);
      norms.push(event.metrics.gradNorm);
    },
  });
  made.push(model, trainer.optimizer);
  return { model, trainer, losses, norms };
}

async function tensorsOf({ model, trainer }: ReturnType<typeof makeTrainer>): Promise<Record<string, number[]>> {
  const named = [...model.namedParameters(), ...trainer.optimizer.namedState()];
  const read = named.map(async ([name, value]) => [name, Array.from(await value.toArray(), Number)] as const);
  return Object.fromEntries(await Promise.all(read));
}

describe('captured steps', () => {
  it('have the numbers of the same steps call by call, to the bit', async () => {
    const captured = makeTrainer({ ...harsh, capture: 'on' });
    const plain = makeTrainer({ ...harsh, capture: 'off' });
    const capture = vi.spyOn(engine, 'capture');
    const [summary, expected] = [await captured.trainer.run(), await plain.trainer.run()];
    expect(capture).toHaveBeenCalledTimes(1);
    expect(captured.losses).toHaveLength(8);
    expect(captured.losses).toEqual(plain.losses);
    expect(captured.norms).toEqual(plain.norms);
    expect(summary.tokens).toBe(expected.tokens);
    expect(await tensorsOf(captured)).toEqual(await tensorsOf(plain));
  });

  it.each([
    ['on', 'on'],
    ['on', 'off'],
    ['off', 'on'],
  ] as const)('resume from a checkpoint to the same bits: captured %s, then %s', async (before, after) => {
    const whole = makeTrainer({ ...harsh, capture: 'off' });
    await whole.trainer.run();

    const first = makeTrainer({ ...harsh, capture: before, steps: 4, decayEnd: 8 });
    await first.trainer.run();
    const second = makeTrainer({ ...harsh, capture: after });
    for (const [name, target] of [...second.model.namedParameters(), ...second.trainer.optimizer.namedState()]) {
      const all = [...first.model.namedParameters(), ...first.trainer.optimizer.namedState()];
      for (const [other, source] of all) if (other === name) target.copyFrom(source);
    }
    second.trainer.restore(first.trainer.state());
    await second.trainer.run();
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    expect(await tensorsOf(second)).toEqual(await tensorsOf(whole));
  });

  it('are kept for four sets of shapes, and what comes beyond is queued call by call', async () => {
    const lengths = (index: number) => 2 + (index % 6);
    const captured = makeTrainer({ ...harsh, accumulate: 1, steps: 14, capture: 'on' }, new Rows(true, lengths));
    const plain = makeTrainer({ ...harsh, accumulate: 1, steps: 14, capture: 'off' }, new Rows(true, lengths));
    const capture = vi.spyOn(engine, 'capture');
    await captured.trainer.run();
    expect(capture).toHaveBeenCalledTimes(4);
    await plain.trainer.run();
    expect(captured.losses).toEqual(plain.losses);
    expect(await tensorsOf(captured)).toEqual(await tensorsOf(plain));
  });

  it('are not made of batches that have no layout', async () => {
    const captured = makeTrainer({ ...harsh, capture: 'on' }, new Rows(false));
    const plain = makeTrainer({ ...harsh, capture: 'off' }, new Rows(false));
    const capture = vi.spyOn(engine, 'capture');
    await captured.trainer.run();
    await plain.trainer.run();
    expect(capture).not.toHaveBeenCalled();
    expect(captured.losses).toEqual(plain.losses);
  });

  it('are not made on a CPU unless they are asked for', async () => {
    const capture = vi.spyOn(engine, 'capture');
    await makeTrainer({ steps: 1 }).trainer.run();
    expect(capture).not.toHaveBeenCalled();
  });

  it('keep no memory once the run is over', async () => {
    await makeTrainer({ ...harsh, capture: 'on' }).trainer.run();
    for (const each of made.splice(0)) each.dispose();
    await engine.idle();
    const { held } = engine.memory();
    await makeTrainer({ ...harsh, capture: 'on' }).trainer.run();
    for (const each of made.splice(0)) each.dispose();
    await engine.idle();
    expect(engine.memory().held - held).toBe(0);
  });

  it('tell a gradient that is not finite', async () => {
    const { model, trainer } = makeTrainer({ ...harsh, capture: 'on' });
    model.outputWeight.fill(Number.POSITIVE_INFINITY);
    await expect(trainer.run()).rejects.toThrow(/diverged at step 0/);
  });
});
