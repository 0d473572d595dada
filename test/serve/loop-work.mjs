// Loaded into a server by `node --import`: how long its own work holds the event loop at a time, by the processor's time of the
// loop's thread, so that neither other threads nor other processes of a busy machine count. Measured anew from each SIGUSR2;
// at the end the 99th percentile in seconds is written to the file that GPTORCH_LOOP_WORK names.
import { readFileSync, writeFileSync } from 'node:fs';
import { createHistogram } from 'node:perf_hooks';

const TICK = 5; // milliseconds
const work = createHistogram();

/** Nanoseconds that this thread has had a processor (proc(5), schedstat). */
const processorTime = () => Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ', 1)[0]);

let last = processorTime();
setInterval(() => {
  const now = processorTime();
  work.record(Math.max(1, now - last));
  last = now;
}, TICK).unref();
process.on('SIGUSR2', () => work.reset());
process.on('exit', () => writeFileSync(process.env.GPTORCH_LOOP_WORK, String(work.percentile(99) / 1e9)));
