import { spawn } from 'node:child_process';

const program = `
  const { monitorEventLoopDelay } = require('node:perf_hooks');
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.stdin.on('end', () => process.stdout.write(String(delay.percentile(99) / 1e9))).resume();
`;

/**
 * Measures the delay of an event loop that has nothing to do, in a process of its own: what this machine makes any loop
 * wait while other tests have its cores.
 * @returns ends it and gives the 99th percentile in seconds
 */
export function measureIdleDelay(): () => Promise<number> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  return async () => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      text += data;
    });
    child.stdin.end();
    await new Promise((resolve) => child.once('close', resolve));
    return Number(text);
  };
}
