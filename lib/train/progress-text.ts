export interface ProgressState {
  /** Optimizer steps done, of `steps`. */
  step: number;
  steps: number;
  trainLoss?: number | undefined;
  valLoss?: number | undefined;
  lr?: number | undefined;
  /** Targets a second, over the last seconds. */
  tokensPerSecond: number;
  secondsLeft?: number | undefined;
  memoryBytes?: number | undefined;
}

const SHORTEST_BAR = 8;
const LONGEST_BAR = 30;

/** One line of at most `columns` characters; the bar takes what room the numbers leave. */
export function formatBar(state: ProgressState, columns: number): string {
  const numbers = formatNumbers(state);
  const room = Math.min(LONGEST_BAR, columns - numbers.length - 4);
  if (room < SHORTEST_BAR) return numbers.slice(0, Math.max(0, columns - 1));
  const filled = state.steps === 0 ? room : Math.floor((room * state.step) / state.steps);
  return `[${'#'.repeat(filled)}${'.'.repeat(room - filled)}] ${numbers}`;
}

/** `step 120/2000  loss 2.4512  val 2.5003  lr 9.8e-4  41.2k tok/s  1m 32s left  312 MB` */
export function formatNumbers(state: ProgressState): string {
  const parts = [`step ${state.step}/${state.steps}`];
  if (state.trainLoss !== undefined) parts.push(`loss ${state.trainLoss.toFixed(4)}`);
  if (state.valLoss !== undefined) parts.push(`val ${state.valLoss.toFixed(4)}`);
  if (state.lr !== undefined) parts.push(`lr ${formatLearningRate(state.lr)}`);
  if (state.tokensPerSecond > 0) parts.push(`${formatCount(state.tokensPerSecond)} tok/s`);
  if (state.secondsLeft !== undefined) parts.push(`${formatDuration(state.secondsLeft)} left`);
  if (state.memoryBytes !== undefined) parts.push(`${Math.round(state.memoryBytes / 2 ** 20)} MB`);
  return parts.join('  ');
}

/** 1234 → `1.23k`, 45 → `45.0` */
export function formatCount(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  return value >= 1e3 ? `${(value / 1e3).toPrecision(3)}k` : value.toPrecision(3);
}

/** `7s`, `2m 05s`, `3h 10m` */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${pad(Math.floor((whole % 3600) / 60))}m`;
}

function formatLearningRate(lr: number): string {
  return lr === 0 ? '0' : lr.toExponential(2).replace(/\.?0*e/, 'e');
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
