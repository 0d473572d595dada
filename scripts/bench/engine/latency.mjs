import { setTimeout as sleep } from 'node:timers/promises';
import { gptorch } from '../machine.mjs';
import { quantile } from '../statistics.mjs';

const { engine, ones, scope } = gptorch;
const OPERATIONS = 1000;
const REST_MILLISECONDS = 2;

/**
 * The time of a call that queues an operation and gives its handle, while the engine works off what is queued.
 * Freeing the handles is not in it.
 */
export async function queuedOperation(repeats) {
  const input = ones([8]);
  const times = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    scope(() => {
      const started = performance.now();
      let value = input;
      for (let i = 0; i < OPERATIONS; i++) value = value.add(input);
      times.push(((performance.now() - started) * 1000) / OPERATIONS);
    });
    await engine.idle();
  }
  input.dispose();
  return microseconds(times);
}

/**
 * The time from asking for a computed number to the line after the `await`: there, through the queue, and back. Once
 * back to back, when both threads are awake, and once with a rest before each read, when both must be woken.
 */
export async function awaitedRead(repeats) {
  const value = ones([1]);
  const timed = async (rest) => {
    const times = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      await rest();
      const started = performance.now();
      await value.item();
      times.push((performance.now() - started) * 1000);
    }
    return microseconds(times);
  };
  const result = { awake: await timed(() => {}), rested: await timed(() => sleep(REST_MILLISECONDS)) };
  value.dispose();
  return result;
}

function microseconds(times) {
  return { repeats: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: quantile(times, 1) };
}
