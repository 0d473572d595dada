import { addon, type ProcessGroupHandle } from '../addon/index.js';

const open = new Set<ProcessGroupHandle>();

/**
 * Remembers a group until it is closed: when the process ends, whoever waits for other ranks is woken, so that nothing
 * outlasts `process.exit()`.
 */
export function remember(group: ProcessGroupHandle): void {
  if (open.size === 0) process.prependListener('exit', cancelAll);
  open.add(group);
}

/** The group was closed. */
export function forget(group: ProcessGroupHandle): void {
  open.delete(group);
  if (open.size === 0) process.off('exit', cancelAll);
}

function cancelAll(): void {
  for (const group of open) addon.cancelGroup(group);
}
