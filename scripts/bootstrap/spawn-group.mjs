import { spawn } from 'node:child_process';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Starts a command that ends together with us, and all that it started with it: a compiler that goes on alone would write into the
 * next build. It has a process group of its own, which gets the signals that we get; once it has ended we end by them too.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 */
export function spawnGroup(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true });
  let received;
  const forward = (signal) => {
    received = signal;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended just now.
    }
  };
  const ended = () => {
    for (const signal of signals) process.off(signal, forward);
    if (received !== undefined) process.kill(process.pid, received);
  };
  for (const signal of signals) process.on(signal, forward);
  child.once('error', ended).once('close', ended);
  return child;
}
