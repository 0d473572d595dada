import { existsSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { cannotWrite, InputError } from '../errors.js';
import { writeFileAtomic } from '../io/files.js';
import type { TrainEvent } from './events.js';
import type { TrainerState } from './trainer-state.js';

/** The loss of one optimizer step, measured before its update, with the weights after `step` updates. */
export interface StepMetrics {
  step: number;
  /** The objective over the step, in nats. */
  trainLoss: number;
  /** The mean of each of its terms, where it has several. */
  terms?: Record<string, number>;
  lr: number;
  /** Global norm of the gradient before clipping. */
  gradNorm: number;
  /** Tokens trained on so far, those of this step included. */
  tokens: number;
  /** Since the run began, earlier parts of a resumed run included. */
  seconds: number;
}

/** The loss on the validation part with the weights after `step` updates. */
export interface ValidationMetrics {
  step: number;
  valLoss: number;
  /** What else was measured, such as accuracy. */
  scores?: Readonly<Record<string, number>> | undefined;
  seconds: number;
}

/** A line of the log. */
export type Metrics = StepMetrics | ValidationMetrics;

/** `metrics.jsonl`: one JSON object a line, only ever appended to; each line is handed to the system at once. */
export class MetricsLog {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Begins an empty log, or with `resumed` goes on where a saved run stood: what it will do again is cut off. */
  static async open(path: string, resumed?: Pick<TrainerState, 'step' | 'validatedAt'>): Promise<MetricsLog> {
    const earlier = resumed === undefined || !existsSync(path) ? [] : await readMetrics(path);
    const { step = 0, validatedAt = null } = resumed ?? {};
    const kept = earlier.filter((line) => (isValidation(line) ? line.step <= (validatedAt ?? -1) : line.step < step));
    await writeFileAtomic(path, kept.map(toLine).join(''));
    return new MetricsLog(path, await open(path, 'a'));
  }

  /** Writes a line. @throws GptorchError `ERR_WRITE` naming the file and the system's reason */
  async append(metrics: Metrics): Promise<void> {
    await this.#file.appendFile(toLine(metrics)).catch((cause) => {
      throw cannotWrite(this.#path, cause);
    });
  }

  /** Appends what an event of the trainer has to tell: each validation, and every `every`-th step. */
  async record(event: TrainEvent, every: number): Promise<void> {
    if (event.type === 'validation' || (event.type === 'step' && event.metrics.step % every === 0)) {
      await this.append(event.metrics);
    }
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

/**
 * Reads a log. A last line that was torn by a kill is left out; numbers that were not finite come as NaN.
 * @throws InputError when another line is not JSON; names the file and the line.
 */
export async function readMetrics(path: string): Promise<Metrics[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  lines.pop(); // after the last line feed: nothing, or a torn line
  return lines.map((line, index) => {
    try {
      // JSON has no number that is not finite: null stands for it.
      return JSON.parse(line, (_, value) => (value === null ? Number.NaN : value)) as Metrics;
    } catch (cause) {
      throw new InputError(`${path}:${index + 1}: not a JSON object: ${line.slice(0, 60)}`, { cause });
    }
  });
}

/** Tells the two kinds of lines apart. */
export function isValidation(metrics: Metrics): metrics is ValidationMetrics {
  return 'valLoss' in metrics;
}

function toLine(metrics: Metrics): string {
  return `${JSON.stringify(metrics)}\n`;
}
