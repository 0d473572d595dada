import { engine } from './engine.js';

const usable = new Set(['cpu']);

/**
 * The device of that name, looked for once: a device that is not there is told by the call that asks for it.
 * @throws as `engine.device`
 */
export function placeOn(device: string): string {
  if (usable.has(device)) return device;
  const found = engine.device(device);
  usable.add(found);
  return found;
}
