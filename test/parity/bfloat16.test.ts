import { describe, expect, it } from 'vitest';
import { GPT } from '../../lib/model/index.js';
import { autocast } from '../../lib/tensor/index.js';
import { difference } from './compare.js';
import { device } from './device.js';
import { type Fixture, loadFixture, modelDirectory } from './fixture.js';
import { read, toTensor } from './support.js';

/**
 * Allowed max|a-b| / max|b| against the exact fixture where products and attention are computed in bfloat16. It keeps 8 bits: a
 * value is rounded by up to 2^-9 of itself, and a sum of such products loses more where its terms cancel, as in the gradients of
 * the first layers. On a CPU the largest are 1.6e-2 and 5.2e-2; another device adds in another order.
 */
const OUTPUTS = 4e-2;
const GRADIENTS = 8e-2;

describe.each(['gpt1', 'gpt2', 'gpt2_window', 'chat'])('%s in bfloat16', (name) => {
  it('has logits, loss and gradients near the exact ones, and is not computed in float32', async () => {
    const fixture = loadFixture(`forward/${name}_batch`);
    const model = await GPT.load(modelDirectory(name), { device });
    const [tokens, targets] = ['tokens', 'targets'].map((each) => toTensor(fixture.get('inputs', each)));
    if (!tokens || !targets) throw new Error('no inputs');
    const outputs = autocast('bfloat16', () => {
      const both = { logits: model.forward(tokens), loss: model.loss(tokens, targets) };
      both.loss.backward();
      return both;
    });
    for (const [key, value] of Object.entries(outputs)) await expectNear(fixture, 'outputs', key, value, OUTPUTS);
    for (const [key, parameter] of model.namedParameters()) {
      await expectNear(fixture, 'gradients', key, parameter.grad(), GRADIENTS);
    }
    // Float32 comes closer than this to the exact logits.
    expect(difference(await read(outputs.logits), fixture.get('outputs', 'logits'), 1e-4)).toBeDefined();
  });
});

async function expectNear(
  fixture: Fixture,
  kind: string,
  name: string,
  value: Parameters<typeof read>[0],
  tolerance: number,
): Promise<void> {
  const problem = difference(await read(value), fixture.get(kind, name), tolerance);
  expect(problem, `${fixture.name} ${kind}/${name}: ${problem}`).toBeUndefined();
}
