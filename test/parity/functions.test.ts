import { describe, it } from 'vitest';
import { crossEntropy, type LossOptions, linear, linearCrossEntropy, type Tensor } from '../../lib/tensor/index.js';
import { type Fixture, fixtureNames, loadFixture } from './fixture.js';
import { expectParity, found, leaves, type Tensors } from './support.js';

type Get = (name: string) => Tensor;

/** As for modules, with the fixture's parameters as plain tensors. */
async function check<Config>(
  name: string,
  forward: (input: Get, parameter: Get, config: Config) => Record<string, Tensor>,
): Promise<void> {
  const fixture: Fixture<Config> = loadFixture(name);
  const parameters: Tensors = leaves(fixture.of('parameters'));
  await expectParity(fixture, {
    parameters,
    forward: (input) => forward(input, (key) => found(parameters, key), fixture.config),
  });
}

describe('matmul and add', () => {
  it.each(fixtureNames('modules', /^linear(_one_row)?\.json/))('%s', (name) =>
    check(name, (input, parameter) => ({
      hidden: input('hidden').matmul(parameter('weight')).add(parameter('bias')),
    })),
  );
});

describe('linear', () => {
  it.each(fixtureNames('modules', /^linear_rows\./))('%s', (name) =>
    check(name, (input, parameter) => ({
      hidden: linear(input('hidden'), parameter('weight'), parameter('bias')),
    })),
  );

  it.each(fixtureNames('modules', /^head_(?!tied)/))('%s', (name) =>
    check(name, (input, parameter) => ({ logits: linear(input('hidden'), parameter('lm_head.weight')) })),
  );
});

describe('a matrix that is embedding and output', () => {
  it.each(fixtureNames('modules', /^head_tied/))('%s', (name) =>
    check(name, (input, parameter) => {
      const [tokens, weight] = [input('tokens'), parameter('wte.weight')];
      const rows = weight.indexSelect(0, tokens.reshape(-1));
      return { logits: linear(rows.reshape(...tokens.shape, -1), weight) };
    }),
  );
});

describe('crossEntropy', () => {
  it.each(fixtureNames('modules', /^cross_entropy/))('%s', (name) =>
    check(name, (input, _, config: LossOptions) => ({ loss: crossEntropy(input('logits'), input('targets'), config) })),
  );
});

describe('linearCrossEntropy', () => {
  it.each(fixtureNames('modules', /^linear_cross_entropy/))('%s', (name) =>
    check(name, (input, parameter, config: LossOptions) => ({
      loss: linearCrossEntropy(input('hidden'), parameter('weight'), input('targets'), config),
    })),
  );
});
