import { isMainThread } from 'node:worker_threads';
import type { Addon } from './addon.js';

const hooked = Symbol.for('gptorch.pausesAtExit');

/**
 * Keeps the engine still while the process ends: an operation under way would run into the destructors of libtorch's
 * statics. Node runs no native clean-up at `process.exit()` or after an uncaught exception, but it emits this event.
 */
export function pauseAtExit(addon: Addon): void {
  // A worker's exit is not the process's; and modules can be loaded twice where the addon is loaded once.
  if (!isMainThread || Reflect.has(addon, hooked)) return;
  Reflect.set(addon, hooked, true);
  process.on('exit', () => {
    addon.engine.pauseForExit();
    // Runs only where somebody else emitted the event and the process goes on.
    setImmediate(() => addon.engine.resume());
  });
}
