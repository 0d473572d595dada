import { readFileSync } from 'node:fs';
import { gptorch } from '../machine.mjs';
import { trainingOf } from './training.mjs';

/**
 * How much of a training step at char size the JavaScript thread works: its time on a core (what the scheduler counts;
 * Linux), and its time outside of waiting (the event loop's own count, in which time without a core is work too).
 * Other processes lengthen a step and so make the share of it look small: `undisturbedShare` is that of the time in which
 * the threads would have made the step with the cores to themselves, were they never idle.
 *
 * @param {number} steps
 */
export async function javascriptShare(steps) {
  const loop = trainingOf('char');
  await loop.run(Math.min(steps, 20)); // until V8 has compiled what it will
  const cpuBefore = threadCpuMilliseconds();
  const processBefore = process.cpuUsage();
  const before = performance.eventLoopUtilization();
  const started = performance.now();
  await loop.run(steps);
  const step = (performance.now() - started) / steps;
  const { active } = performance.eventLoopUtilization(before);
  const cpu = cpuBefore === null ? null : (threadCpuMilliseconds() - cpuBefore) / steps;
  const { user, system } = process.cpuUsage(processBefore);
  const undisturbedStep = (user + system) / 1000 / steps / gptorch.engine.threads;
  loop.dispose();
  return {
    steps,
    stepMilliseconds: step,
    cpuMilliseconds: cpu,
    cpuShare: cpu === null ? null : cpu / step,
    undisturbedStepMilliseconds: undisturbedStep,
    undisturbedShare: cpu === null ? null : cpu / undisturbedStep,
    busyMilliseconds: active / steps,
    busyShare: active / steps / step,
  };
}

/** Of the process's first thread, which is the one that runs this. */
function threadCpuMilliseconds() {
  if (process.platform !== 'linux') return null;
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(nanoseconds) / 1e6;
}
