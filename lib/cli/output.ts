import { EXIT, reportError } from './report-error.js';

type Note = (text: string) => void;

let outlivedWith: Note | undefined;
let isLost = false;

/** Writes to stdout and waits until it is written: results of any number need no memory. */
export async function writeOut(text: string): Promise<void> {
  if (isLost) return;
  const failure = await new Promise<Error | null | undefined>((resolve) => {
    try {
      process.stdout.write(text, resolve);
    } catch (error) {
      // A file is written at once, and its error thrown.
      resolve(error as Error);
    }
  });
  if (failure) lose(failure);
}

/** One JSON value on a line of its own. A number that is not finite becomes null, as JSON has none. */
export async function writeJsonLine(value: unknown): Promise<void> {
  await writeOut(`${JSON.stringify(value)}\n`);
}

/**
 * Decides what becomes of a command whose output cannot be written: it ends, as by SIGPIPE (141) and without a word where
 * the reader has closed the pipe (`| head`), else with one error and 1. Called once, before anything is written.
 */
export function watchOutput(): void {
  process.stdout.on('error', lose);
  // Progress and errors that nobody reads end nothing.
  process.stderr.on('error', () => {});
}

/**
 * From now on the command goes on whatever becomes of stdout: hours of training are worth more than the lines about them.
 * A reader that has gone is told of by `note`; of any other failure an error tells, and the process ends with 1 when the
 * work is done.
 */
export function outliveOutput(note: Note): void {
  outlivedWith = note;
}

function lose(error: NodeJS.ErrnoException): void {
  if (isLost) return;
  isLost = true;
  const isClosed = error.code === 'EPIPE';
  const failure = new Error(`stdout cannot be written: ${error.message}`, { cause: error });
  if (outlivedWith === undefined) process.exit(isClosed ? EXIT.closedPipe : reportError(failure, false));
  if (isClosed) {
    outlivedWith('stdout was closed by its reader; the work goes on');
    return;
  }
  process.exitCode = reportError(new Error(`${failure.message}; the work goes on`), false);
}
