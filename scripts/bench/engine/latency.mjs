import { gptorch } from '../machine.mjs';
import { quantile } from '../statistics.mjs';

const { engine, ones, scope } = gptorch;
const OPERATIONS = 1000;

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

/** The time from asking for a computed number to the line after the `await`: there, through the queue, and back. */
export async function awaitedRead(repeats) {
  const value = ones([1]);
  const times = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const started = performance.now();
    await value.item();
    times.push((performance.now() - started) * 1000);
  }
  value.dispose();
  return microseconds(times);
}

function microseconds(times) {
  return { repeats: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: quantile(times, 1) };
}
