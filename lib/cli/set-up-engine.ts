import type { CommonOptions } from './common-options.js';

/**
 * Applies `--threads` and turns `--device` into the device to use.
 * @throws DeviceError when the device asked for is not there.
 */
export async function setUpEngine({ device, threads }: CommonOptions): Promise<string> {
  const { engine } = await import('../tensor/index.js');
  if (threads !== undefined) engine.setThreads(threads);
  return engine.device(device);
}
