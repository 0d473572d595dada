import { CommanderError } from 'commander';
import { DeviceError, InputError } from '../errors.js';

/** Exit codes that scripts rely on. `closedPipe` is what shells make of SIGPIPE. */
export const EXIT = { done: 0, failed: 1, badInput: 2, closedPipe: 141 } as const;

/**
 * Tells `error` in one line on stderr (with `verbose` its stack as well) and returns the exit code: 2 for wrong use and
 * bad input, 1 for what failed at run time.
 */
export function reportError(
  error: unknown,
  verbose: boolean,
  write = (text: string) => process.stderr.write(text),
): number {
  // Commander has already written its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
  const message = error instanceof Error ? error.message : String(error);
  write(`gptorch: ${message.trim().replace(/\s*\n\s*/g, ' ')}\n`);
  if (verbose && error instanceof Error) write(`${stackWithCauses(error)}\n`);
  return error instanceof InputError || error instanceof DeviceError ? EXIT.badInput : EXIT.failed;
}

function stackWithCauses(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${stackWithCauses(error.cause)}` : own;
}
