import { describe, expect, it } from 'vitest';
import { complete, score } from '../../lib/generate/index.js';
import { GPT } from '../../lib/model/index.js';
import { expectClose, OUTPUTS } from './compare.js';
import { device } from './device.js';
import { fixtureNames, loadFixture, modelDirectory, type Stored } from './fixture.js';

describe.each(fixtureNames('generation'))('%s', (path) => {
  const fixture = loadFixture(path);
  const directory = modelDirectory(path.replace('generation/', ''));

  it('generates the same tokens greedily, up to the end of the context', async () => {
    const model = await GPT.load(directory, { device });
    const [prompt, expected] = [ids(fixture.get('inputs', 'prompt')), ids(fixture.get('outputs', 'continuation'))];
    expect(prompt.length + expected.length).toBe(model.config.contextLength);
    const { tokens } = await complete(model, prompt, { maxNewTokens: expected.length, temperature: 0 });
    expect(tokens).toEqual(expected);
  });

  it('gives a whole context the same log-probabilities', async () => {
    const model = await GPT.load(directory, { device });
    const { logProbs, loss } = await score(model, ids(fixture.get('inputs', 'tokens')));
    const expected = fixture.get('outputs', 'logProbs');
    expectClose('logProbs', { shape: [logProbs.length], data: logProbs }, expected, OUTPUTS);
    expectClose('loss', { shape: [], data: [loss ?? Number.NaN] }, fixture.get('outputs', 'loss'), OUTPUTS);
  });
});

function ids({ data }: Stored): number[] {
  return Array.from(data, Number);
}
