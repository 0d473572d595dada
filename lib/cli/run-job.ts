import type { RunHooks, TrainSummary } from '../train/index.js';
import { outliveOutput } from './output.js';
import { StopSignal } from './stop-signal.js';
import type { TrainingDisplay } from './training-display.js';

/**
 * Runs a training job with its progress shown. The first SIGINT, SIGTERM or SIGHUP stops it in order, and gives the process its exit
 * code. A stdout that cannot be written to stops nothing.
 * @param whenStopped what a person is told then, after the signal's name
 */
export async function runJob<S extends TrainSummary>(
  display: TrainingDisplay,
  whenStopped: string,
  job: (hooks: RunHooks) => Promise<S>,
): Promise<S> {
  outliveOutput((text) => display.note(text));
  const stop = new StopSignal((name) => display.note(`${name}: ${whenStopped}`));
  try {
    const onNote = (text: string) => display.note(text);
    const summary = await job({ signal: stop.signal, onEvent: display.listener, onNote });
    if (summary.stopped === 'signal') process.exitCode = stop.exitCode;
    return summary;
  } finally {
    display.end();
    stop.dispose();
  }
}
