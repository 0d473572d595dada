import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GPT, type GPTConfigInput } from '../../lib/model/index.js';
import { crossEntropy, noGrad } from '../../lib/tensor/index.js';
import { expectClose, OUTPUTS } from './compare.js';
import { device } from './device.js';
import { fixtureNames, loadFixture, modelDirectory, readTensors } from './fixture.js';
import { expectGradients, expectTensors, read, toTensor } from './support.js';

const MODELS = ['gpt1', 'gpt2', 'gpt2_window', 'chat'];

describe.each(MODELS)('%s', (name) => {
  const cases = fixtureNames('forward', new RegExp(`^${name}_(batch|full_context|length_one)\\.`));

  it('is read with the configuration that it was made with', async () => {
    const model = await GPT.load(modelDirectory(name), { device });
    expect(model.config).toMatchObject(loadFixture<GPTConfigInput>(`forward/${name}_batch`).config);
    expect(model.config).toMatchObject({ embeddingDropout: 0, attentionDropout: 0, residualDropout: 0 });
    expect(model.training).toBe(false);
  });

  it.each(cases)('%s: logits, loss and every gradient', async (path) => {
    const fixture = loadFixture(path);
    const model = await GPT.load(modelDirectory(name), { device });
    const [tokens, targets] = [toTensor(fixture.get('inputs', 'tokens')), toTensor(fixture.get('inputs', 'targets'))];
    const outputs = { logits: model.forward(tokens), loss: model.loss(tokens, targets) };
    outputs.loss.backward();
    await expectTensors('outputs', new Map(Object.entries(outputs)), fixture, OUTPUTS);
    await expectGradients('gradients', new Map(model.namedParameters()), fixture);
    expect([...fixture.of('gradients').keys()].sort()).toEqual(
      model
        .namedParameters()
        .map(([key]) => key)
        .sort(),
    );
  });

  it('has the same gradients through its logits', async () => {
    const fixture = loadFixture(`forward/${name}_batch`);
    const model = await GPT.load(modelDirectory(name), { device });
    const [tokens, targets] = [toTensor(fixture.get('inputs', 'tokens')), toTensor(fixture.get('inputs', 'targets'))];
    const loss = crossEntropy(model.forward(tokens), targets);
    loss.backward();
    expectClose('loss', await read(loss), fixture.get('outputs', 'loss'), OUTPUTS);
    await expectGradients('gradients', new Map(model.namedParameters()), fixture);
  });

  it('has the same loss and logits where no gradient is wanted', async () => {
    const fixture = loadFixture(`forward/${name}_batch`);
    const model = await GPT.load(modelDirectory(name), { device });
    const [tokens, targets] = [toTensor(fixture.get('inputs', 'tokens')), toTensor(fixture.get('inputs', 'targets'))];
    const outputs = noGrad(() => ({ logits: model.forward(tokens), loss: model.loss(tokens, targets) }));
    await expectTensors('outputs', new Map(Object.entries(outputs)), fixture, OUTPUTS);
    expect(outputs.loss.requiresGrad).toBe(false);
  });

  it('has loss 0 and gradients 0 where every target is ignored', async () => {
    const fixture = loadFixture(`forward/${name}_batch`);
    const model = await GPT.load(modelDirectory(name), { device });
    const { shape, data } = fixture.get('inputs', 'targets');
    const ignored = toTensor({ shape, data: new BigInt64Array(data.length).fill(-100n) });
    const loss = model.loss(toTensor(fixture.get('inputs', 'tokens')), ignored);
    loss.backward();
    expect(await loss.item()).toBe(0);
    for (const [key, parameter] of model.namedParameters()) {
      const gradient = await parameter.grad().toArray();
      expect(
        gradient.every((value) => Number(value) === 0),
        key,
      ).toBe(true);
    }
  });

  it('is saved as its owner saved it: the same tensors to the bit, the same configuration', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'gptorch-parity-'));
    try {
      const model = await GPT.load(modelDirectory(name), { device });
      await model.save(directory);
      const file = 'model.safetensors';
      const [saved, theirs] = [directory, modelDirectory(name)].map((from) => readTensors(join(from, file)));
      expect(saved).toEqual(theirs);
      expect(await readConfig(modelDirectory(name))).toMatchObject(await readConfig(directory));
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

async function readConfig(directory: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'));
}
