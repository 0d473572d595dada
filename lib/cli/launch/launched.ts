import { ProcessGroupError } from '../../errors.js';

/** What a rank tells `gptorch launch` before it ends: it failed because another rank did, or could not meet the others. */
export interface GroupFailure {
  groupFailure: string;
}

/** Set for the ranks that `gptorch launch` starts. */
export const LAUNCHED = 'GPTORCH_LAUNCHED';

/** Whether `gptorch launch` started this process, and listens. */
function isLaunched(): boolean {
  return process.env[LAUNCHED] !== undefined && process.send !== undefined;
}

/**
 * Leaves it to `gptorch launch` to say why the group failed: one rank's end makes all others fail, and one of them is the cause.
 * @returns whether it was told
 */
export async function tellLauncher(error: unknown): Promise<boolean> {
  if (!isLaunched() || !(error instanceof ProcessGroupError)) return false;
  const failure: GroupFailure = { groupFailure: error.message };
  await new Promise<void>((resolve) => process.send?.(failure, () => resolve()));
  return true;
}

/** When the launcher is gone, ends this rank as SIGTERM does: in order, with a checkpoint. */
export function stopWithLauncher(): void {
  if (!isLaunched()) return;
  const stop = () => process.kill(process.pid, 'SIGTERM');
  process.once('disconnect', stop);
  if (!process.connected) stop();
  // The listener alone must not keep the process.
  process.channel?.unref();
}
