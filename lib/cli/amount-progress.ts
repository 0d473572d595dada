import { MovingRate } from '../train/moving-rate.js';
import type { ProgressStream } from '../train/progress.js';
import { formatDuration } from '../train/progress-text.js';

const REDRAW_MS = 100;
const LINE_MS = 10_000;
const CLEAR_LINE = '\r\x1b[2K';
const BAR = 20;

/** How an amount is written: `12.3 MB`. */
export type Format = (amount: number) => string;

export const megabytes: Format = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/**
 * Progress of what has an amount, such as a download's bytes: in a terminal one line that redraws itself, elsewhere a line when
 * something begins and every ten seconds, with `quiet` nothing.
 */
export class AmountProgress {
  readonly #stream: ProgressStream;
  readonly #quiet: boolean;
  readonly #format: Format;
  readonly #now: () => number;
  #what = '';
  #done = 0;
  #rate = new MovingRate();
  #updated = 0;
  #shown = 0;

  /** @param options `now` in milliseconds; `stream` and `now` are for tests */
  constructor(options: { quiet?: boolean; format: Format; stream?: ProgressStream; now?: () => number }) {
    this.#quiet = options.quiet === true;
    this.#format = options.format;
    this.#stream = options.stream ?? process.stderr;
    this.#now = options.now ?? Date.now;
  }

  /** @param done of `total`, as far as they are known */
  update(what: string, done?: number, total?: number): void {
    const now = this.#now();
    const begins = what !== this.#what;
    if (begins) this.#begin(what, done ?? 0);
    else this.#rate.add((done ?? 0) - this.#done, (now - this.#updated) / 1000);
    this.#done = done ?? 0;
    this.#updated = now;
    const terminal = this.#stream.isTTY === true;
    if (!begins && now - this.#shown < (terminal ? REDRAW_MS : LINE_MS)) return;
    this.#shown = now;
    const text = describe(what, this.#format, { done, total, perSecond: this.#rate.perSecond });
    const width = (this.#stream.columns ?? 80) - 1;
    this.#write(terminal ? `${CLEAR_LINE}${text.slice(0, width)}` : `${text}\n`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#stream.isTTY === true && this.#what !== '') this.#write(CLEAR_LINE);
    this.#what = '';
  }

  /** What was there before the first update was not done now: it does not count in the rate. */
  #begin(what: string, done: number): void {
    this.#what = what;
    this.#done = done;
    this.#rate = new MovingRate();
  }

  #write(text: string): void {
    if (!this.#quiet) this.#stream.write(text);
  }
}

/** `torch.whl [########............] 85 MB of 190 MB, 12.1 MB/s, 9s left` */
function describe(
  what: string,
  format: Format,
  { done, total, perSecond }: { done: number | undefined; total: number | undefined; perSecond: number },
): string {
  if (done === undefined) return what;
  const rate = perSecond > 0 ? `, ${format(perSecond)}/s` : '';
  if (total === undefined || total === 0) return `${what} ${format(done)}${rate}`;
  const filled = Math.min(BAR, Math.floor((BAR * done) / total));
  const left = perSecond > 0 ? `, ${formatDuration((total - done) / perSecond)} left` : '';
  return `${what} [${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}] ${format(done)} of ${format(total)}${rate}${left}`;
}
