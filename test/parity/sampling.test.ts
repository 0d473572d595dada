import { describe, expect, it } from 'vitest';
import { filterLogits, type SamplingOptions, sample } from '../../lib/tensor/index.js';
import { expectClose, OUTPUTS } from './compare.js';
import { type Fixture, fixtureNames, loadFixture } from './fixture.js';
import { read, toTensor } from './support.js';

describe.each(fixtureNames('sampling'))('%s', (name) => {
  const fixture: Fixture<SamplingOptions> = loadFixture(name);
  const logits = () => toTensor(fixture.get('inputs', 'logits'));
  const seen = () => toTensor(fixture.get('inputs', 'seen'));

  it('gives the logits that transformers gives', async () => {
    const { shape, data } = await read(filterLogits(logits(), { ...fixture.config, seen: seen() }));
    const values = Array.from(data, Number);
    const kept = values.map((value) => Number(value !== Number.NEGATIVE_INFINITY));
    expect(kept).toEqual(Array.from(fixture.get('outputs', 'kept').data, Number));
    const finite = { shape, data: values.map((value, i) => (kept[i] ? value : 0)) };
    expectClose('filtered', finite, fixture.get('outputs', 'filtered'), OUTPUTS);
  });

  it('draws only what is kept', async () => {
    const kept = fixture.get('outputs', 'kept');
    const [rows = 0, vocabSize = 0] = kept.shape;
    for (let draw = 0; draw < 20; draw++) {
      const tokens = await sample(logits(), { ...fixture.config, seen: seen() }).toArray();
      expect(tokens).toHaveLength(rows);
      tokens.forEach((token: bigint | number, row: number) => {
        expect(Number(kept.data[row * vocabSize + Number(token)])).toBe(1);
      });
    }
  });
});
