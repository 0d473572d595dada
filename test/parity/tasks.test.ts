import { describe, expect, it } from 'vitest';
import type { TaskBatch, TaskModel } from '../../lib/heads/index.js';
import { CombinedObjective, FineTuningObjective, type Objective } from '../../lib/objectives/index.js';
import { AdamW } from '../../lib/optim/index.js';
import { cat, noGrad, type Tensor } from '../../lib/tensor/index.js';
import { queueStep } from '../../lib/train/step.js';
import { expectClose, GRADIENTS, OUTPUTS } from './compare.js';
import { fixtureNames, type Stored } from './fixture.js';
import { expectTensors, read } from './support.js';
import { loadTaskFixture, type TaskFixture } from './task-fixture.js';

const names = (pattern: RegExp) => fixtureNames('tasks', pattern).map((name) => name.replace('tasks/', ''));
const SINGLE = names(/^gpt[12]_(classification|entailment|similarity|score|multiple_choice)\./);

/** ‖Δw - Δw_ref‖ / ‖Δw_ref‖ after 30 steps. AdamW divides by gradients' sizes, so that rounding grows from step to step. */
const TRAJECTORY_WEIGHTS = 1e-3;
const TRAJECTORY_LOSSES = 1e-4;
/** What rounding may leave of a gradient that is zero: a few float32 roundings of values around 1. */
const ZERO = 1e-6;

/**
 * Values whose gradient is zero, so that only rounding is left of it, of which AdamW makes whole steps: what is added to all
 * keys, and a bias that is the same for all choices.
 */
function isWithoutEffect(task: string, name: string, index: number, size: number): boolean {
  if (task === 'multiple_choice' && name === 'head.bias') return true;
  return name.endsWith('attn.c_attn.bias') && index >= size / 3 && index < (2 * size) / 3;
}

describe.each(SINGLE)('%s', (name) => {
  const task = loadTaskFixture(name);

  it('has logits, both losses and the combined loss of the reference, from a padded batch', async () => {
    const model = await task.load();
    const batch = task.batch(model);
    const sums = (objective: Objective<TaskBatch>) => means(objective, batch);
    const sequence = sums(new CombinedObjective(model, { lambda: task.manifest.lambda }));
    const token = sums(new CombinedObjective(model, { lambda: task.manifest.lambda, reduction: 'token' }));
    const got = new Map([
      ['logits', flat(model.forward(batch), task)],
      ['fineTuningLoss', part(sequence, 'fineTuning')],
      ['languageModelingLossSequence', part(sequence, 'languageModeling')],
      ['languageModelingLossToken', part(token, 'languageModeling')],
      ['lossSequence', part(sequence, 'loss')],
      ['lossToken', part(token, 'loss')],
    ]);
    await expectTensors('outputs', got, task.fixture, OUTPUTS);
    expect(task.examples.filter(({ isCut }) => isCut)).toHaveLength(task.manifest.cut);
  });

  it.each([
    ['gradients', (model: TaskModel) => new CombinedObjective(model)],
    ['gradientsToken', (model: TaskModel) => new CombinedObjective(model, { reduction: 'token' })],
    ['gradientsFineTuning', (model: TaskModel) => new FineTuningObjective(model)],
    ['gradientsFineTuning', (model: TaskModel) => new CombinedObjective(model, { lambda: 0 })],
  ])('has the %s of the reference', async (kind, make) => {
    const model = await task.load();
    part(means(make(model), task.batch(model)), 'loss').backward();
    await expectGradients(kind, model, task);
  });

  it('gives each example the same logits alone as in the padded batch', async () => {
    const model = await task.load();
    const together = await read(noGrad(() => model.forward(task.batch(model))));
    const width = together.shape[1] ?? 0;
    const largest = Math.max(...Array.from(together.data, Number).filter(Number.isFinite).map(Math.abs));
    for (const [index] of task.examples.entries()) {
      const alone = await read(noGrad(() => model.forward(task.batch(model, [index]))));
      for (const [column, value] of Array.from(alone.data, Number).entries()) {
        expect(Math.abs(value - Number(together.data[index * width + column]))).toBeLessThanOrEqual(1e-5 * largest);
      }
    }
  });
});

describe('accumulation', () => {
  it.each(['sequence', 'token'] as const)('gives the gradients of the whole step (%s reduction)', async (reduction) => {
    const task = loadTaskFixture('gpt2_classification_accumulate');
    const model = await task.load();
    const objective = new CombinedObjective(model, { reduction });
    const batches = task.manifest.microBatches.map((indices) => task.batch(model, indices));
    const optimizer = new AdamW(model.namedParameters());
    optimizer.zeroGrad = () => {}; // the gradients are what is looked at
    await queueStep({ batches, objective, optimizer, parameters: model.namedParameters(), lr: 0, clip: 0 });
    await expectGradients(reduction === 'sequence' ? 'gradients' : 'gradientsToken', model, task);
  });
});

describe.each(names(/^gpt[12]_.*_steps\./))('%s', (name) => {
  it('follows 30 steps of fine-tuning: losses, gradient norms, every weight', async () => {
    const task = loadTaskFixture(name, 'initial');
    const { fixture, manifest } = task;
    const model = (await task.load()).train();
    const initial = await readAll(model);
    const objective = new CombinedObjective(model, { lambda: manifest.lambda });
    const optimizer = new AdamW(model.namedParameters(), manifest.optimizer);
    const rates = Array.from(fixture.get('inputs', 'learningRates').data, Number);
    const numbers = [];
    for (const [step, lr] of rates.entries()) {
      const batches = [task.batch(model, manifest.steps[step])];
      const parameters = model.namedParameters();
      numbers.push(
        await queueStep({ batches, objective, optimizer, parameters, lr, clip: manifest.maxNorm }).then(({ read }) =>
          read(),
        ),
      );
    }
    const compare = (key: string, values: number[]) =>
      expectClose(
        key,
        { shape: [values.length], data: Float32Array.from(values) },
        fixture.get('outputs', key),
        TRAJECTORY_LOSSES,
      );
    compare(
      'losses',
      numbers.map(({ loss }) => loss),
    );
    compare(
      'fineTuningLosses',
      numbers.map(({ terms }) => terms.fineTuning ?? Number.NaN),
    );
    compare(
      'languageModelingLosses',
      numbers.map(({ terms }) => terms.languageModeling ?? Number.NaN),
    );
    compare(
      'gradientNorms',
      numbers.map(({ gradNorm }) => gradNorm),
    );

    let [difference, reference] = [0, 0];
    for (const [key, { data }] of await readAll(model)) {
      const [before, wanted] = [initial.get(key)?.data ?? [], fixture.get('parameters', key).data];
      for (let i = 0; i < data.length; i++) {
        if (isWithoutEffect(manifest.task, key, i, data.length)) continue;
        difference += (Number(data[i]) - Number(wanted[i])) ** 2;
        reference += (Number(wanted[i]) - Number(before[i])) ** 2;
      }
    }
    expect(Math.sqrt(difference / reference)).toBeLessThanOrEqual(TRAJECTORY_WEIGHTS);
  });
});

/** The mean of each term, and `loss`, their weighted sum. */
function means(objective: Objective<TaskBatch>, batch: TaskBatch): Map<string, Tensor> {
  const counts = objective.counts(batch);
  const terms = Object.entries(objective.sums(batch)).map(([term, sum]): [string, Tensor] => [
    term,
    sum.mul(1 / (counts[term] ?? 0)),
  ]);
  const weighted = terms.map(([term, mean]) => mean.mul(objective.weights[term] ?? 0));
  return new Map([...terms, ['loss', weighted.reduce((sum, term) => sum.add(term))]]);
}

function part(terms: Map<string, Tensor>, name: string): Tensor {
  const found = terms.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

/** Of choices the reference stores only those that there are, in order. */
function flat(logits: Tensor, { examples, manifest }: TaskFixture): Tensor {
  if (manifest.task !== 'multiple_choice') return logits;
  const rows = examples.map(({ sequences }, index) => logits.narrow(0, index, 1).narrow(1, 0, sequences.length));
  return cat(rows.map((row) => row.reshape(-1)));
}

async function expectGradients(kind: string, model: TaskModel, { fixture, manifest }: TaskFixture): Promise<void> {
  for (const [name, parameter] of model.namedParameters()) {
    if (manifest.trulyZero[kind]?.includes(name)) {
      const { data } = await read(parameter.grad());
      for (const value of data) expect(Math.abs(Number(value))).toBeLessThan(ZERO);
      continue;
    }
    expectClose(`${kind}/${name}`, await read(parameter.grad()), fixture.get(kind, name), GRADIENTS);
  }
}

async function readAll(model: TaskModel): Promise<Map<string, Stored>> {
  const entries = model.namedParameters().map(async ([name, parameter]) => [name, await read(parameter)] as const);
  return new Map(await Promise.all(entries));
}
