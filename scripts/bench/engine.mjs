import { write } from '../bootstrap/step.mjs';
import { eventLoopDelay } from './engine/event-loop-delay.mjs';
import { javascriptShare } from './engine/javascript-share.mjs';
import { awaitedRead, queuedOperation } from './engine/latency.mjs';
import { engineMarkdown } from './engine/table.mjs';
import { gptorch, machine } from './machine.mjs';
import { command, report } from './report.mjs';

/** `bench -- engine`: what JavaScript's side costs, and what it is left while the engine computes. */
export async function engine({ steps, repeats, threads, json, save }) {
  gptorch.engine.setThreads(threads);
  const before = machine();
  const measure = async (what, measurement) => {
    const figures = await measurement();
    write(`${what}: measured`);
    return figures;
  };
  const result = {
    command: command(),
    machine: before,
    settings: { threads },
    share: await measure("JavaScript's share", () => javascriptShare(steps ?? 200)),
    queued: await measure('queueing', () => queuedOperation(repeats)),
    read: await measure('reading', () => awaitedRead(5 * repeats)),
    delay: await measure("the event loop's delay", () => eventLoopDelay(steps ?? 20)),
  };
  await report('engine', { json, save }, result, engineMarkdown(result));
}
