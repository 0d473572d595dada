import { type ChildProcess, spawn } from 'node:child_process';
import type { GroupFailure } from './launched.js';

/** How a rank's process ended. */
export interface RankEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The last of what a rank other than 0 wrote on stderr. */
const KEPT_CHARACTERS = 65_536;

/** One rank of a launched job. Rank 0 has the terminal; what the others write on stderr is kept for when they fail. */
export class RankProcess {
  readonly ended: Promise<RankEnd>;
  end: RankEnd | undefined;
  /** It ended because of another rank, in its own words. */
  groupFailure: string | undefined;
  /** The launcher itself has told it to stop after another one failed. */
  wasStopped = false;
  #stderr = '';
  readonly #child: ChildProcess;

  constructor(
    readonly rank: number,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ) {
    const isFirst = rank === 0;
    this.#child = spawn(process.execPath, [...args], {
      env,
      stdio: isFirst ? ['inherit', 'inherit', 'inherit', 'ipc'] : ['ignore', 'ignore', 'pipe', 'ipc'],
      // A group of its own: the terminal's Ctrl-C comes once, from the launcher.
      detached: true,
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_CHARACTERS);
    });
    this.#child.on('message', (message: Partial<GroupFailure>) => {
      this.groupFailure = message.groupFailure;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.end = { code, signal };
        resolve(this.end);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it wrote, line by line. */
  get lines(): string[] {
    return this.#stderr.split('\n').filter((line) => line.trim() !== '');
  }

  kill(signal: NodeJS.Signals): void {
    if (this.end === undefined) this.#child.kill(signal);
  }
}
