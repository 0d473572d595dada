import { describe, expect, it, vi } from 'vitest';
import { MovingRate } from '../../../lib/train/moving-rate.js';
import { Progress } from '../../../lib/train/progress.js';
import { formatBar, formatCount, formatDuration, formatNumbers } from '../../../lib/train/progress-text.js';
import { Stopwatch } from '../../../lib/train/stopwatch.js';

const state = {
  step: 500,
  steps: 2000,
  trainLoss: 2.34567,
  valLoss: 2.5,
  lr: 1e-3,
  tokensPerSecond: 41234,
  secondsLeft: 92,
  memoryBytes: 300 * 2 ** 20,
};

describe('text', () => {
  it('says all the numbers', () => {
    expect(formatNumbers(state)).toBe(
      'step 500/2000  loss 2.3457  val 2.5000  lr 1e-3  41.2k tok/s  1m 32s left  300 MB',
    );
  });

  it('fills a quarter of the bar after a quarter of the steps', () => {
    const bar = /\[(#*)(\.*)\]/.exec(formatBar(state, 130));
    expect(bar?.[1]).toHaveLength(7);
    expect(bar?.[2]).toHaveLength(23);
  });

  it.each([20, 60, 80, 100, 200])('fits into %i columns', (columns) => {
    expect(formatBar(state, columns).length).toBeLessThan(columns);
  });

  it('formats counts and durations', () => {
    expect([999, 1000, 41234, 2.5e6].map(formatCount)).toEqual(['999', '1.00k', '41.2k', '2.50M']);
    expect([0, 59.4, 60, 125, 3600, 11400].map(formatDuration)).toEqual([
      '0s',
      '59s',
      '1m 00s',
      '2m 05s',
      '1h 00m',
      '3h 10m',
    ]);
  });
});

describe('MovingRate', () => {
  it('is exact for a steady rate, from the first interval on', () => {
    const rate = new MovingRate();
    expect(rate.perSecond).toBe(0);
    rate.add(5, 0.5);
    expect(rate.perSecond).toBeCloseTo(10, 10);
    for (let i = 0; i < 100; i++) rate.add(1, 0.1);
    expect(rate.perSecond).toBeCloseTo(10, 10);
  });

  it('forgets what is long past', () => {
    const rate = new MovingRate(1);
    rate.add(1000, 1);
    for (let i = 0; i < 100; i++) rate.add(1, 0.1);
    expect(rate.perSecond).toBeCloseTo(10, 0);
  });
});

function run({ isTTY, quiet = false, seconds }: { isTTY: boolean; quiet?: boolean; seconds: number }): string[] {
  let time = 0;
  const written: string[] = [];
  const stream = { isTTY, columns: 100, write: (text: string) => written.push(text) };
  const steps = seconds * 100;
  const progress = new Progress({ steps, quiet, stream, now: () => time });
  for (let step = 1; step <= steps; step++) {
    time += 10;
    progress.update({ step, trainLoss: 1, tokens: 64 });
  }
  progress.update({ step: steps, valLoss: 1.5 });
  progress.end();
  return written;
}

describe('Progress', () => {
  it('redraws a terminal at most ten times a second and ends the line', () => {
    const written = run({ isTTY: true, seconds: 5 });
    expect(written.length).toBeGreaterThan(40);
    expect(written.length).toBeLessThanOrEqual(5 * 10 + 3);
    expect(written.at(-1)).toBe('\n');
    expect(written.at(-2)).toContain('step 500/500');
  });

  it('writes plain lines every ten seconds and at a validation elsewhere', () => {
    const written = run({ isTTY: false, seconds: 25 });
    expect(written).toHaveLength(3);
    expect(written[0]).toMatch(/^step 1000\/2500 {2}loss 1\.0000 {2}6\.40k tok\/s {2}15s left\n$/);
    expect(written.join('')).not.toContain('\x1b');
    expect(written[2]).toContain('val 1.5000');
  });

  it('writes nothing when quiet', () => {
    expect(run({ isTTY: true, quiet: true, seconds: 5 })).toEqual([]);
    expect(run({ isTTY: false, quiet: true, seconds: 25 })).toEqual([]);
  });

  it('does not count time that was skipped', () => {
    let time = 0;
    const written: string[] = [];
    const stream = { isTTY: false, write: (text: string) => written.push(text) };
    const progress = new Progress({ steps: 100, stream, now: () => time });
    time += 1000;
    progress.update({ step: 10 });
    time += 60_000;
    progress.skipTime();
    time += 1000;
    progress.update({ step: 20 });
    expect(written.at(-1)).toContain('8s left');
  });
});

describe('Stopwatch', () => {
  it('adds up what lies between start and stop; a second start changes nothing', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    const stopwatch = new Stopwatch();
    for (const [time, press] of [
      [1000, 'start'],
      [3000, 'start'],
      [4000, 'stop'],
      [9000, 'start'],
      [9500, 'stop'],
    ] as const) {
      // biome-ignore format: one line
      now.mockReturnValue(time);
      stopwatch[press]();
    }
    now.mockReturnValue(20_000);
    expect(stopwatch.seconds).toBe(3.5);
    now.mockRestore();
  });
});
