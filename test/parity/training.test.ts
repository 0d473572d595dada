import { describe, expect, it } from 'vitest';
import { GPT } from '../../lib/model/index.js';
import { AdamW, clipGradNorm } from '../../lib/optim/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import { createSchedule } from '../../lib/train/schedule.js';
import { expectClose, TRAJECTORY } from './compare.js';
import { device } from './device.js';
import { type Fixture, loadFixture, modelDirectory, type Stored } from './fixture.js';
import { read, slice, toTensor } from './support.js';

interface Manifest {
  optimizer: { lr: number; betas: [number, number]; eps: number; weightDecay: number };
  schedule: { warmup: number; steps: number; minLr: number };
  maxNorm: number;
}

const fixture = loadFixture('training/gpt2_adamw');
const manifest = fixture.manifest as unknown as Manifest;
const learningRates = Array.from(fixture.get('inputs', 'learningRates').data, Number);

describe('ten steps of AdamW with decay, clipping and a schedule', () => {
  it('follow PyTorch: losses, gradient norms, parameters and moments', async () => {
    const model = (await GPT.load(modelDirectory('gpt2'), { device })).train();
    const optimizer = new AdamW(model.namedParameters(), manifest.optimizer);
    const { losses, norms } = train(model, optimizer);

    expectClose('losses', await values(losses), fixture.get('outputs', 'losses'), TRAJECTORY);
    expectClose('gradient norms', await values(norms), fixture.get('outputs', 'gradientNorms'), TRAJECTORY);
    expect(optimizer.steps).toBe(learningRates.length);
    await expectKept('parameters', model.namedParameters());
    const state = optimizer.namedState();
    await expectKept('firstMoments', withSuffix(state, '.exp_avg'));
    await expectKept('secondMoments', withSuffix(state, '.exp_avg_sq'));
  });

  it('has the defaults of PyTorch', () => {
    const model = new GPT({ vocabSize: 5, contextLength: 4, layers: 1, heads: 1, width: 4 });
    const optimizer = new AdamW(model.namedParameters());
    expect(optimizer).toMatchObject({ lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01 });
    for (const each of [optimizer, model]) each.dispose();
  });

  it('clips in some steps and not in others', () => {
    const norms = Array.from(fixture.get('outputs', 'gradientNorms').data, Number);
    expect(Math.min(...norms)).toBeLessThan(manifest.maxNorm);
    expect(Math.max(...norms)).toBeGreaterThan(manifest.maxNorm);
  });

  it('take their learning rates from the cosine schedule', () => {
    const { warmup: warmupSteps, steps: decayEnd, minLr } = manifest.schedule;
    const schedule = createSchedule({ kind: 'cosine', lr: manifest.optimizer.lr, minLr, warmupSteps, decayEnd });
    expect(learningRates.map((_, step) => Math.fround(schedule(step)))).toEqual(learningRates);
  });
});

/** Runs all steps without awaiting a value. */
function train(model: GPT, optimizer: AdamW): { losses: Tensor[]; norms: Tensor[] } {
  const weights = fixture.get('inputs', 'lossWeights').data;
  const [losses, norms]: [Tensor[], Tensor[]] = [[], []];
  learningRates.forEach((lr, step) => {
    optimizer.zeroGrad();
    const [tokens, targets] = [batch(fixture, 'tokens', step), batch(fixture, 'targets', step)];
    const loss = model.loss(tokens, targets);
    loss.mul(Number(weights[step])).backward();
    norms.push(clipGradNorm(model.namedParameters(), manifest.maxNorm));
    optimizer.step({ lr });
    losses.push(loss);
  });
  return { losses, norms };
}

function batch(from: Fixture, name: string, step: number): Tensor {
  return toTensor(slice(from.get('inputs', name), step));
}

async function values(scalars: Tensor[]): Promise<Stored> {
  const data = Float32Array.from(await Promise.all(scalars.map((scalar) => scalar.item())));
  return { shape: [data.length], data };
}

async function expectKept(kind: string, tensors: [string, Tensor][]): Promise<void> {
  expect(tensors.map(([name]) => name).sort()).toEqual([...fixture.of(kind).keys()].sort());
  for (const [name, tensor] of tensors) {
    const [got, expected] = [await read(tensor), fixture.get(kind, name)];
    expectClose(`${kind}/${name}`, withoutKeyBias(name, got), withoutKeyBias(name, expected), TRAJECTORY);
  }
}

/**
 * Leaves out the key third of a bias. Adding the same to all keys changes no softmax, so its true gradient is zero; what
 * rounding leaves of it, AdamW divides by its own size and makes whole steps of.
 */
function withoutKeyBias(name: string, { shape, data }: Stored): Stored {
  if (!name.endsWith('attn.c_attn.bias')) return { shape, data };
  const third = data.length / 3;
  const kept = Float32Array.from(data, Number).filter((_, i) => i < third || i >= 2 * third);
  return { shape: [kept.length], data: kept };
}

function withSuffix(state: [string, Tensor][], suffix: string): [string, Tensor][] {
  const found = state.filter(([name]) => name.endsWith(suffix));
  return found.map(([name, tensor]) => [name.slice(0, -suffix.length), tensor]);
}
