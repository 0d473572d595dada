import type { TensorOptions } from './common-options.js';

/**
 * Applies `--threads` and turns `--device` into the device to use. What `auto` took is told on stderr where it is not plain.
 * @throws DeviceError when the device asked for cannot be used.
 */
export async function setUpEngine({ device, threads, quiet }: TensorOptions): Promise<string> {
  const { engine } = await import('../tensor/index.js');
  if (threads !== undefined) engine.setThreads(threads);
  if (device === 'auto' && quiet !== true) {
    const note = engine.explainAuto();
    if (note !== undefined) process.stderr.write(`${note}\n`);
  }
  return engine.device(device);
}
