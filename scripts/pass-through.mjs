import { spawn } from 'node:child_process';

/**
 * Runs a program in place of this process: its terminal and streams, the signals that reach us, its way to end.
 *
 * @param {string} command
 * @param {string[]} args
 */
export function passThrough(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes, anyone else's signal reaches us alone; the child decides how to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
