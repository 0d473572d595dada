import { afterAll, describe, expect, it } from 'vitest';
import { type BeamSearchOptions, beamSearch } from '../../lib/generate/index.js';
import { GPT } from '../../lib/model/index.js';
import { expectClose, OUTPUTS } from './compare.js';
import { device } from './device.js';
import { type Fixture, fixtureNames, loadFixture, modelDirectory } from './fixture.js';

/** What stands behind the shorter sequences. */
const PADDING = -1;

describe.each(fixtureNames('beams'))('%s', (name) => {
  const fixture: Fixture<BeamSearchOptions> = loadFixture(name);
  const { config } = fixture;
  const models: GPT[] = [];
  afterAll(() => models.forEach((model) => void model.dispose()));

  it('finds the beams that transformers finds, with their scores', async () => {
    const model = await GPT.load(modelDirectory(name.replace(/^beams\/([^_]+)_.*$/, '$1')), { device });
    models.push(model);
    const beams = await beamSearch(model, Array.from(fixture.get('inputs', 'prompt').data, Number), config);
    const padded = beams.map(({ tokens }) => [...tokens, ...Array(config.maxNewTokens - tokens.length).fill(PADDING)]);
    expect(padded.flat()).toEqual(Array.from(fixture.get('outputs', 'sequences').data, Number));
    const scores = { shape: [beams.length], data: beams.map(({ score }) => score) };
    expectClose('scores', scores, fixture.get('outputs', 'scores'), OUTPUTS);
  });
});
