import type { ScheduleKind } from '../config/train-config.js';

/** The learning rate over the steps of a run. */
export interface ScheduleOptions {
  kind: ScheduleKind;
  /** The highest learning rate, reached after the warm-up. */
  lr: number;
  /** Where the decay ends. Default 0. */
  minLr?: number;
  /** Steps of linear warm-up. Default 0: the first step already has `lr`. */
  warmupSteps?: number;
  /** The step at which `minLr` is reached; it stays there. Not used by `constant`. */
  decayEnd: number;
  /** `wsd` only: how many steps before `decayEnd` the decay begins. Default a fifth of `decayEnd`. */
  decaySteps?: number;
}

/** Learning rate of the optimizer step with index `step` (0 is the first). */
export type Schedule = (step: number) => number;

/**
 * The step alone decides, so that a resumed run needs no state.
 *
 * - `constant`: `lr` after the warm-up.
 * - `linear`: a straight line from `lr` to `minLr` (GPT-1's fine-tuning).
 * - `cosine`: half a cosine from `lr` to `minLr`, nanoGPT's `get_lr` number for number, its warm-up included.
 * - `wsd`: warm-up, stable, decay (MiniCPM, arXiv 2404.06395), the decay with the `1 - sqrt` shape that did best in
 *   arXiv 2405.18392: a run can be continued from the stable phase.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { kind, lr, minLr = 0, warmupSteps = 0, decayEnd } = options;
  const decay = decayShape(options);
  return (step) => {
    // As nanoGPT counts: the first step is not wasted on a learning rate of 0, nor does the last of them have `lr`.
    if (step < warmupSteps) return (lr * (step + 1)) / (warmupSteps + 1);
    if (kind === 'constant') return lr;
    if (step > decayEnd) return minLr;
    return minLr + decay(step) * (lr - minLr);
  };
}

/** From 1 at the end of the warm-up to 0 at `decayEnd`. */
function decayShape({ kind, warmupSteps = 0, decayEnd, decaySteps }: ScheduleOptions): Schedule {
  if (kind === 'wsd') {
    const length = Math.min(decaySteps ?? Math.round(decayEnd / 5), decayEnd - warmupSteps);
    return (step) => 1 - Math.sqrt(ratio(step, decayEnd - length, decayEnd));
  }
  if (kind === 'cosine') return (step) => 0.5 * (1 + Math.cos(Math.PI * ratio(step, warmupSteps, decayEnd)));
  return (step) => 1 - ratio(step, warmupSteps, decayEnd);
}

/** From 0 at `begin` to 1 at `end`; no step is beyond it. */
function ratio(step: number, begin: number, end: number): number {
  return step <= begin ? 0 : (step - begin) / (end - begin);
}
