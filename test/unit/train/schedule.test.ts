import { describe, expect, it } from 'vitest';
import { SCHEDULE_KINDS } from '../../../lib/config/train-config.js';
import { createSchedule, type ScheduleOptions } from '../../../lib/train/schedule.js';

const options: Omit<ScheduleOptions, 'kind'> = { lr: 1e-3, minLr: 1e-4, warmupSteps: 100, decayEnd: 2000 };

/** nanoGPT's get_lr, line for line. */
function nanoGPT(it: number, learningRate: number, minLr: number, warmupIters: number, lrDecayIters: number): number {
  if (it < warmupIters) return (learningRate * (it + 1)) / (warmupIters + 1);
  if (it > lrDecayIters) return minLr;
  const decayRatio = (it - warmupIters) / (lrDecayIters - warmupIters);
  const coeff = 0.5 * (1.0 + Math.cos(Math.PI * decayRatio));
  return minLr + coeff * (learningRate - minLr);
}

describe('createSchedule', () => {
  it.each(SCHEDULE_KINDS)('%s warms up in a straight line to lr', (kind) => {
    const lr = createSchedule({ kind, ...options });
    expect(lr(0)).toBeCloseTo(1e-3 / 101, 12);
    expect(lr(49)).toBeCloseTo(0.5e-3 * (100 / 101), 12);
    expect(lr(100)).toBeCloseTo(1e-3, 12);
  });

  it.each(['linear', 'cosine', 'wsd'] as const)('%s ends at minLr and stays there', (kind) => {
    const lr = createSchedule({ kind, ...options });
    expect(lr(2000)).toBeCloseTo(1e-4, 12);
    expect(lr(5000)).toBe(1e-4);
  });

  it('constant stays, whatever the end', () => {
    expect(createSchedule({ kind: 'constant', ...options })(10 ** 6)).toBe(1e-3);
  });

  it('linear is half way down in the middle', () => {
    expect(createSchedule({ kind: 'linear', ...options })(1050)).toBeCloseTo(5.5e-4, 12);
  });

  it('cosine is nanoGPT to the last bit, at every step', () => {
    const lr = createSchedule({ kind: 'cosine', ...options });
    for (let step = 0; step < 2100; step++) expect(lr(step)).toBe(nanoGPT(step, 1e-3, 1e-4, 100, 2000));
  });

  it('wsd keeps lr until the decay, then falls as 1 - sqrt', () => {
    const lr = createSchedule({ kind: 'wsd', ...options, decaySteps: 400 });
    expect(lr(1600)).toBe(1e-3);
    expect(lr(1700)).toBeCloseTo(1e-4 + 0.5 * 9e-4, 12);
    const fifth = createSchedule({ kind: 'wsd', ...options });
    expect(fifth(1600)).toBe(1e-3);
    expect(fifth(1601)).toBeLessThan(1e-3);
    expect(createSchedule({ kind: 'wsd', ...options, warmupSteps: 1900 })(1900)).toBe(1e-3); // or what the warm-up leaves
  });

  it('needs neither warm-up nor a lowest rate', () => {
    const lr = createSchedule({ kind: 'cosine', lr: 2, decayEnd: 10 });
    expect([lr(0), lr(5), lr(10)]).toEqual([2, 1, 0]);
  });
});
