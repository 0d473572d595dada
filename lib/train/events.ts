import type { StepMetrics, ValidationMetrics } from './metrics-log.js';

/** What happens during a training run, in order. A listener that returns a promise is waited for. */
export type TrainEvent =
  | { type: 'begin'; step: number; steps: number }
  /** The loss of a step has arrived; up to two later steps are already under way. */
  | { type: 'step'; metrics: StepMetrics; tokens: number }
  | { type: 'validation'; metrics: ValidationMetrics; isBest: boolean }
  | { type: 'checkpoint'; step: number; path: string };

/** Called with each event; the run waits for what it returns. */
export type TrainListener = (event: TrainEvent) => void | Promise<void>;

/** Why a run ended: all its steps are done, `maxMinutes` or `patience` is over, or its signal was aborted. */
export type StopReason = 'steps' | 'time' | 'patience' | 'signal';

/** What a run came to. */
export interface TrainSummary {
  stopped: StopReason;
  /** Optimizer steps done, those before a resume included. */
  step: number;
  /** Of the last step, before its update. Null when none was done. */
  trainLoss: number | null;
  /** Of the last validation; null without one, as are the following two. */
  valLoss: number | null;
  bestValLoss: number | null;
  bestStep: number | null;
  /** Tokens a second in this process, without validations and checkpoints. */
  tokensPerSecond: number;
  /** Of the whole run, earlier parts of a resumed one included. */
  seconds: number;
  tokens: number;
}
