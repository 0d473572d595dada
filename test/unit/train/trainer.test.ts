import { afterEach, describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../../lib/config/index.js';
import type { Dataset } from '../../../lib/data/index.js';
import { InputError } from '../../../lib/errors.js';
import { GPT } from '../../../lib/model/index.js';
import { LanguageModelingObjective, type Objective, weightedLoss } from '../../../lib/objectives/index.js';
import { engine, type Tensor, tensor } from '../../../lib/tensor/index.js';
import { evaluate, type TrainEvent, Trainer, type TrainerOptions } from '../../../lib/train/index.js';

interface Row {
  inputs: Tensor;
  targets: Tensor;
  targetCount: number;
  tokenCount: number;
  dispose(): void;
}

const VOCABULARY = 11;

/** Rows of 6 tokens, of which the last `counted` are targets. */
function makeBatch(rows: readonly { first: number; counted: number }[]): Row {
  const tokens = rows.map(({ first }) => Array.from({ length: 6 }, (_, i) => (first * 3 + i * i) % VOCABULARY));
  const wanted = tokens.map((row, r) =>
    row.map((token, i) => (i < 6 - (rows[r]?.counted ?? 0) ? -100 : (token + 1) % VOCABULARY)),
  );
  const inputs = tensor(tokens, { dtype: 'int64' });
  const targets = tensor(wanted, { dtype: 'int64' });
  const dispose = () => {
    for (const value of [inputs, targets]) value.dispose();
  };
  const targetCount = rows.reduce((sum, { counted }) => sum + counted, 0);
  return { inputs, targets, targetCount, tokenCount: targetCount, dispose };
}

/** Endless; its state is the number of the next item. */
class Counting implements Dataset<Row> {
  #next = 0;

  constructor(readonly make: (index: number) => Row) {}

  state(): unknown {
    return this.#next;
  }

  restore(state: unknown): void {
    this.#next = state as number;
  }

  async *[Symbol.asyncIterator]() {
    for (;;) yield this.make(this.#next++);
  }
}

function copy(from: [string, Tensor][], to: [string, Tensor][]): void {
  for (const [i, [, target]] of to.entries()) target.copyFrom(from[i]?.[1] ?? target);
}

const row = (index: number) => makeBatch([{ first: index, counted: 5 }]);

/** Freed after each test: what the garbage collector frees at a time of its own would blur what a test measures. */
const made: { dispose(): void }[] = [];
afterEach(() => {
  for (const each of made.splice(0)) each.dispose();
});

type Options = Partial<TrainerOptions<Row>> & { validation?: () => Row[] };

function makeTrainer(config: Partial<TrainConfig>, { validation, ...options }: Options = {}, dropout = 0) {
  const model = new GPT(
    {
      ...{ vocabSize: VOCABULARY, contextLength: 8, layers: 1, heads: 2, width: 8 },
      ...{ embeddingDropout: dropout, attentionDropout: dropout, residualDropout: dropout },
    },
    { seed: 3 },
  );
  const events: TrainEvent[] = [];
  const objective: Objective<Row> = new LanguageModelingObjective(model);
  const validate = validation && (async () => ({ loss: (await evaluate(validation(), objective)) ?? Number.NaN }));
  const trainer = new Trainer<Row>({
    model,
    config: { steps: 6, batchSize: 1, lr: 0.01, schedule: 'constant', evalEvery: 100, ...config },
    data: new Counting(row),
    objective,
    validate,
    onEvent: (event) => {
      events.push(event);
    },
    ...options,
  });
  made.push(model, trainer.optimizer);
  const losses = () => events.flatMap((event) => (event.type === 'step' ? [event.metrics.trainLoss] : []));
  return { model, trainer, events, losses };
}

describe('Trainer', () => {
  it('says which field of its configuration is wrong', () => {
    const misspelt: object = { batchsize: 2 };
    expect(() => makeTrainer(misspelt)).toThrow(/training: unknown field "batchsize".*batchSize/);
    expect(() => makeTrainer({ lr: -1 })).toThrow(InputError);
  });

  it('learns, and sums up', async () => {
    const { trainer, losses } = makeTrainer({ steps: 40 });
    const summary = await trainer.run();
    expect(summary).toMatchObject({ stopped: 'steps', step: 40, tokens: 200, valLoss: null });
    expect(summary.trainLoss).toBe(losses().at(-1));
    expect(losses().at(-1)).toBeLessThan(0.5 * (losses()[0] ?? 0));
  });

  it('weighs every target the same, however unevenly micro-batches are filled', async () => {
    const rows = [
      { first: 0, counted: 6 },
      { first: 1, counted: 1 },
    ];
    const together = makeTrainer({}, { data: new Counting(() => makeBatch(rows)) });
    const apart = makeTrainer(
      { accumulate: 2 },
      { data: new Counting((index) => makeBatch(rows.slice(index % 2, (index % 2) + 1))) },
    );
    await together.trainer.run();
    await apart.trainer.run();
    expect(apart.losses()).toHaveLength(6);
    for (const [i, loss] of apart.losses().entries()) expect(loss).toBeCloseTo(together.losses()[i] ?? Number.NaN, 5);
  });

  it('has two further steps under way when it reads a loss, and takes no data ahead', async () => {
    const order: string[] = [];
    const data = new Counting((index) => {
      order.push(`draw ${index}`);
      return row(index);
    });
    const onEvent = (event: TrainEvent) => {
      if (event.type === 'step') order.push(`read ${event.metrics.step}`);
    };
    await makeTrainer({ steps: 4 }, { data, onEvent }).trainer.run();
    expect(order).toEqual(['draw 0', 'draw 1', 'draw 2', 'read 0', 'draw 3', 'read 1', 'read 2', 'read 3']);
  });

  it('trains the same whether or not it validates, dropout and all', async () => {
    const validation = () => [row(50), row(51)];
    const seldom = makeTrainer({}, { validation }, 0.2);
    const often = makeTrainer({ evalEvery: 1 }, { validation }, 0.2);
    const never = makeTrainer({}, {}, 0.2);
    for (const { trainer } of [seldom, often, never]) await trainer.run();
    expect(often.events.filter(({ type }) => type === 'validation')).toHaveLength(7);
    expect(often.losses()).toEqual(seldom.losses());
    expect(never.losses()).toEqual(seldom.losses());
  });

  it('keeps the best model, by validation loss', async () => {
    let saved = 0;
    const saveBest = async () => {
      saved++;
    };
    // What it learns makes the validation part less likely: the targets there are others.
    const validation = () => [makeBatch([{ first: 2, counted: 1 }])];
    const { trainer, events } = makeTrainer({ steps: 20, evalEvery: 5 }, { validation, saveBest });
    const summary = await trainer.run();
    const valLosses = events.flatMap((event) => (event.type === 'validation' ? [event.metrics.valLoss] : []));
    expect(summary.bestValLoss).toBe(Math.min(...valLosses));
    expect(summary.valLoss).toBe(valLosses.at(-1));
    expect(saved).toBe(events.filter((event) => event.type === 'validation' && event.isBest).length);
  });

  it('keeps the model that ranks highest, and stops after `patience` validations without a better one', async () => {
    const ranks = [1, 3, 2, 2.5, 9];
    const validate = async () => ({ loss: 1, scores: { accuracy: ranks.shift() ?? 0 } });
    const rank: Options['rank'] = ({ scores }) => [scores?.accuracy ?? 0];
    const { trainer, events } = makeTrainer({ steps: 100, evalEvery: 2, patience: 2 }, { validate, rank });
    expect(await trainer.run()).toMatchObject({ stopped: 'patience', step: 6, bestStep: 2 });
    expect(events.flatMap((event) => (event.type === 'validation' ? [event.isBest] : []))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('looks at the next number where ranks tie, and takes NaN for the worst', async () => {
    const measured = [Number.NaN, 2, 2, 2, Number.NaN].map((accuracy, i) => ({ accuracy, loss: [1, 5, 4, 6, 0][i] }));
    const validate = async () => {
      const { accuracy = 0, loss = 0 } = measured.shift() ?? {};
      return { loss, scores: { accuracy } };
    };
    const rank: Options['rank'] = ({ scores, loss }) => [scores?.accuracy ?? 0, -loss];
    const { trainer, events } = makeTrainer({ steps: 4, evalEvery: 1 }, { validate, rank });
    expect(await trainer.run()).toMatchObject({ bestStep: 2, bestValLoss: 4 });
    const best = events.flatMap((event) => (event.type === 'validation' ? [event.isBest] : []));
    expect(best).toEqual([true, true, true, false, false]);
  });

  it('takes the one number of an earlier checkpoint for what was best', async () => {
    const validate = async () => ({ loss: 2 });
    const { trainer } = makeTrainer({ steps: 2, evalEvery: 1 }, { validate });
    trainer.restore({ ...trainer.state(), step: 1, bestStep: 1, bestValLoss: 1, bestRank: -1 });
    expect(await trainer.run()).toMatchObject({ bestStep: 1, bestValLoss: 1 });
  });

  it('may leave the model as it was before training out of the competition', async () => {
    const losses = [1, 9, 8, 8.5];
    const validate = async () => ({ loss: losses.shift() ?? 0 });
    const saved: (number | null)[] = [];
    const { trainer } = makeTrainer(
      { steps: 100, evalEvery: 1, patience: 1 },
      { validate, ranksInitial: false, saveBest: async () => void saved.push(trainer.state().step) },
    );
    // Patience is counted from the first that competes.
    expect(await trainer.run()).toMatchObject({ stopped: 'patience', step: 3, bestStep: 2, bestValLoss: 8 });
    expect(saved).toEqual([1, 2]);
  });

  it('divides each term by its own units over the whole step, and weighs the terms', async () => {
    // Two terms of the same loss: a mean over targets, and one over rows.
    const rows = [4, 1, 3].map((counted, first) => ({ first, counted }));
    const run = async (accumulate: number) => {
      const make = (index: number) => makeBatch(accumulate === 1 ? rows : rows.slice(index % 3, (index % 3) + 1));
      const made = makeTrainer({ steps: 3, accumulate }, { data: new Counting(make) });
      const objective: Objective<Row> = {
        weights: { perTarget: 1, perRow: 0.5 },
        counts: ({ targetCount, inputs }) => ({ perTarget: targetCount, perRow: inputs.shape[0] ?? 0 }),
        sums: ({ inputs, targets }) => {
          const sum = made.model.loss(inputs, targets, { reduction: 'sum' });
          return { perTarget: sum, perRow: sum };
        },
      };
      const events: TrainEvent[] = [];
      const onEvent = (event: TrainEvent) => void events.push(event);
      await makeTrainer(
        { steps: 3, accumulate },
        { model: made.model, data: new Counting(make), objective, onEvent },
      ).trainer.run();
      return events.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));
    };
    const [whole, parts] = [await run(1), await run(3)];
    for (const [i, { trainLoss, terms, gradNorm }] of whole.entries()) {
      expect(trainLoss).toBeCloseTo((terms?.perTarget ?? 0) + 0.5 * (terms?.perRow ?? 0), 6);
      expect(terms?.perRow).toBeCloseTo(((terms?.perTarget ?? 0) * 8) / 3, 5);
      expect(parts[i]?.trainLoss).toBeCloseTo(trainLoss, 5);
      expect(parts[i]?.gradNorm).toBeCloseTo(gradNorm, 4);
    }
  });

  it('tells the terms where there are several, and a term without a unit counts 0', async () => {
    const { trainer, events } = makeTrainer({ steps: 1 });
    await trainer.run();
    expect(events.find(({ type }) => type === 'step')).not.toHaveProperty('metrics.terms');
    expect(weightedLoss({ first: 2, second: 0.5 }, { first: 3 })).toBe(6);
  });

  it('counts the seconds of its earlier parts', async () => {
    const { trainer } = makeTrainer({ steps: 3 });
    await trainer.run();
    const state = trainer.state();
    expect(state.seconds).toBeGreaterThan(0);
    const resumed = makeTrainer({ steps: 4 }).trainer;
    resumed.restore(state);
    expect((await resumed.run()).seconds).toBeGreaterThan(state.seconds);
  });

  it('stops when its signal is aborted, after the step under way, and saves', async () => {
    const controller = new AbortController();
    const saved: number[] = [];
    const data = new Counting((index) => {
      if (index === 3) controller.abort();
      return row(index);
    });
    const saveCheckpoint = async (trainer: Trainer<Row>) => {
      saved.push(trainer.state().step);
      return 'path';
    };
    const { trainer, losses } = makeTrainer({ steps: 100 }, { data, saveCheckpoint });
    expect(await trainer.run(controller.signal)).toMatchObject({ stopped: 'signal', step: 4 });
    expect(losses()).toHaveLength(4);
    expect(saved).toEqual([0, 4]);
  });

  it('is not done when its last validation was stopped; a resumed run makes up for it, and saves that', async () => {
    const controller = new AbortController();
    const validate = async (signal?: AbortSignal) => {
      if (trainer.state().step === 6) controller.abort();
      return signal?.aborted === true ? undefined : { loss: 1 };
    };
    const saved: [step: number, validatedAt: number | null][] = [];
    const saveCheckpoint = async (trainer: Trainer<Row>) => {
      const { step, validatedAt } = trainer.state();
      saved.push([step, validatedAt]);
      return 'path';
    };
    const { trainer } = makeTrainer({}, { validate, saveCheckpoint });
    expect(await trainer.run(controller.signal)).toMatchObject({ stopped: 'signal', step: 6, bestStep: 0 });
    const resumed = makeTrainer({}, { validate: async () => ({ loss: 0.5 }), saveCheckpoint }).trainer;
    resumed.restore(trainer.state());
    expect(await resumed.run()).toMatchObject({ stopped: 'steps', step: 6, bestStep: 6 });
    expect(saved.slice(1)).toEqual([
      [6, 0],
      [6, 6],
    ]);
  });

  it('ends where a validation ends without a result, also with no signal', async () => {
    const validate = async () => (trainer.state().step === 6 ? undefined : { loss: 1 });
    const { trainer } = makeTrainer({}, { validate });
    expect(await trainer.run()).toMatchObject({ stopped: 'signal', step: 6 });
  });

  it('frees all that it makes', async () => {
    const held = async () => {
      await engine.idle();
      return engine.memory().held;
    };
    const before = await held();
    const { model, trainer } = makeTrainer({ steps: 10, accumulate: 2, evalEvery: 2 }, { validation: () => [row(50)] });
    await trainer.run();
    expect(await held()).toBeGreaterThan(before);
    trainer.optimizer.dispose();
    model.dispose();
    expect(await held()).toBe(before);
  });

  it('draws by its own seed and step, whatever was drawn before', async () => {
    const [first, second, other] = [
      makeTrainer({}, {}, 0.2),
      makeTrainer({}, {}, 0.2),
      makeTrainer({ seed: 5 }, {}, 0.2),
    ];
    for (const [seed, { trainer }] of [first, second, other].entries()) {
      engine.seed(seed + 40);
      await trainer.run();
    }
    expect(second.losses()).toEqual(first.losses());
    expect(other.losses()).not.toEqual(first.losses());
  });

  it('changes nothing in a step without a target', async () => {
    const data = new Counting(() => makeBatch([{ first: 1, counted: 0 }]));
    const { trainer, events } = makeTrainer({ steps: 1 }, { data });
    await trainer.run();
    expect(events.find(({ type }) => type === 'step')).toMatchObject({ metrics: { trainLoss: 0, gradNorm: 0 } });
  });

  it('takes no mean of nothing, nor of what was not waited for', async () => {
    const { model } = makeTrainer({});
    const objective = new LanguageModelingObjective(model);
    expect(await evaluate<Row>([], objective)).toBeNaN();
    const endless = function* () {
      for (;;) yield row(0);
    };
    expect(await evaluate(endless(), objective, AbortSignal.abort())).toBeUndefined();
  });

  it('ends with the engine’s error, and with one alone, however many steps are under way', async () => {
    const data = new Counting(() => {
      const batch = row(0);
      batch.targets.fill(99);
      return batch;
    });
    await expect(makeTrainer({}, { data }).trainer.run()).rejects.toThrow('outside the vocabulary of 11');
    await engine.idle().catch(() => {});
  });

  it('stops when its time is over', async () => {
    const summary = await makeTrainer({ steps: 1_000_000, maxMinutes: 0.002 }).trainer.run();
    expect(summary.stopped).toBe('time');
    expect(summary.step).toBeGreaterThan(0);
  });

  it('goes on from a saved state as if it had not been stopped', async () => {
    const whole = makeTrainer({ steps: 8 }, {}, 0.2);
    await whole.trainer.run();
    const first = makeTrainer({ steps: 5 }, {}, 0.2);
    await first.trainer.run();
    const second = makeTrainer({ steps: 8 }, {}, 0.2);
    // The tensors are the caller's: here the second run takes over those of the first.
    const { model, trainer } = second;
    copy(first.model.namedParameters(), model.namedParameters());
    copy(first.trainer.optimizer.namedState(), trainer.optimizer.namedState());
    trainer.restore(JSON.parse(JSON.stringify(first.trainer.state())));
    await trainer.run();
    expect([...first.losses(), ...second.losses()]).toEqual(whole.losses());
  });

  it('ends with an error, and no checkpoint, when the loss is not finite', async () => {
    const saved: number[] = [];
    const saveCheckpoint = async (trainer: Trainer<Row>) => {
      saved.push(trainer.state().step);
      return 'path';
    };
    const logarithm = ({ inputs }: Row) =>
      tensor(inputs.shape[0] ?? 0, { requiresGrad: true })
        .log()
        .sub(5)
        .log();
    const diverging: Objective<Row> = {
      weights: { loss: 1 },
      counts: () => ({ loss: 1 }),
      sums: (batch) => ({ loss: logarithm(batch) }),
    };
    const { trainer } = makeTrainer({ saveEvery: 1 }, { saveCheckpoint, objective: diverging });
    await expect(trainer.run()).rejects.toMatchObject({
      code: 'ERR_DIVERGED',
      message: expect.stringMatching(/step 0: loss NaN/),
    });
    expect(saved).toEqual([0]);
  });
});
