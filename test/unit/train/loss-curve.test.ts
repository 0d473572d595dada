import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { thin, writeLossCurve } from '../../../lib/train/loss-curve.js';
import { drawLossCurve, type Point } from '../../../lib/train/loss-curve-svg.js';

const train: Point[] = Array.from({ length: 50 }, (_, i) => [i * 10, 4 * Math.exp(-i / 20) + 1]);
const validation: Point[] = [
  [0, 5],
  [250, 2.5],
  [500, 1.75],
];
const curve = { title: 'a <run> & more', train, validation, best: [500, 1.75] as Point };

describe('drawLossCurve', () => {
  const svg = drawLossCurve(curve);

  it('gives the same bytes for the same points', () => {
    expect(drawLossCurve(structuredClone(curve))).toBe(svg);
  });

  it('takes any number of points', () => {
    const many = Array.from({ length: 300_000 }, (_, step): Point => [step, 1 + (step % 7)]);
    const drawn = drawLossCurve({ title: 'long', train: many, validation: [] });
    expect(drawn).toContain('>250,000<');
  });

  it('has title, legend, both axes and a dark form', () => {
    expect(svg).toContain('a &lt;run&gt; &amp; more');
    expect(svg).toContain('validation, best 1.7500 at step 500');
    expect(svg).toContain('loss (nats)');
    expect(svg).toContain('perplexity');
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  it('puts e^loss beside each tick of the loss', () => {
    expect(svg).toMatch(/>2\.0<\/text>\s*<text[^>]*>7\.39</);
  });

  it('draws one segment a point and a dot a validation', () => {
    const path = /class="train" fill="none"[^>]* d="([^"]*)"/.exec(svg)?.[1] ?? '';
    expect(path.match(/[ML]/g)).toHaveLength(train.length);
    expect(svg.match(/<circle/g)).toHaveLength(validation.length + 1); // and the legend's
  });

  it('keeps every coordinate on the canvas and finite', () => {
    expect(svg).not.toMatch(/NaN|Infinity/);
    for (const [, x, y] of svg.matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0);
      expect(Number(x)).toBeLessThanOrEqual(800);
      expect(Number(y)).toBeGreaterThanOrEqual(0);
      expect(Number(y)).toBeLessThanOrEqual(440);
    }
  });

  it.each([
    ['nothing yet', { title: 't', train: [], validation: [] }],
    ['one point', { title: 't', train: [[0, 3]] as Point[], validation: [] }],
    [
      'a loss that is not finite',
      {
        title: 't',
        train: [
          [0, 3],
          [1, Number.NaN],
          [2, 2],
        ] as Point[],
        validation: [],
      },
    ],
  ])('draws %s', (_, input) => {
    expect(drawLossCurve(input)).not.toMatch(/NaN|Infinity|undefined/);
  });
});

it('the best validation is one with a number, whatever the log has beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-curve-'));
  const path = join(folder, 'loss.svg');
  const losses = [Number.NaN, 3, 2, Number.NaN];
  await writeLossCurve(path, losses.map((valLoss, step) => ({ step, valLoss, seconds: step })), { title: 't' }); // biome-ignore format: short
  expect(await readFile(path, 'utf8')).toContain('validation, best 2.0000 at step 2');
  await rm(folder, { recursive: true });
});

describe('thin', () => {
  it('keeps few points as they are', () => {
    expect(thin(validation)).toEqual(validation);
  });

  it('averages neighbours of many', () => {
    const many: Point[] = Array.from({ length: 1000 }, (_, i) => [i, i % 2]);
    const few = thin(many, 100);
    expect(few).toHaveLength(100);
    expect(few[0]).toEqual([4.5, 0.5]);
  });
});
