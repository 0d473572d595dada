import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { trainingOf } from './training.mjs';

const RESOLUTION = 1;
const IDLE_MILLISECONDS = 1000;

/**
 * How late a timer of 1 ms comes, idle and while mid-size training runs in this process. As Node counts it: the whole
 * time between two firings, so that a loop that is never late shows a little more than 1 ms.
 *
 * @param {number} steps
 */
export async function eventLoopDelay(steps) {
  const idle = await monitored(() => sleep(IDLE_MILLISECONDS));
  const loop = trainingOf('mid');
  await loop.run(1);
  const training = await monitored(() => loop.run(steps));
  loop.dispose();
  return { steps, idle, training };
}

async function monitored(work) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  histogram.disable();
  const milliseconds = (nanoseconds) => nanoseconds / 1e6;
  return {
    seconds,
    p50: milliseconds(histogram.percentile(50)),
    p99: milliseconds(histogram.percentile(99)),
    max: milliseconds(histogram.max),
  };
}
