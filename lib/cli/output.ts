import { once } from 'node:events';

/** Writes to stdout and waits where the reader is slower: results of any number need no memory. */
export async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** One JSON value on a line of its own. A number that is not finite becomes null, as JSON has none. */
export async function writeJsonLine(value: unknown): Promise<void> {
  await writeOut(`${JSON.stringify(value)}\n`);
}

/** `| head` closes the pipe early: that is no error. Called once, before anything is written. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
