import { constants } from 'node:os';
import { EXIT } from '../report-error.js';
import { EXIT_CODES } from '../stop-signal.js';
import { RankProcess } from './rank-process.js';

/** What ranks are started as. */
export interface RanksOptions {
  /** Arguments of Node. */
  args: readonly string[];
  /** The environment of each rank of this machine, in order. */
  environments: readonly NodeJS.ProcessEnv[];
  /** Where what went wrong is told. */
  write?: (text: string) => void;
}

/** After a failure the other ranks find out by themselves; who has not by then is told, and then ended. */
const PATIENCE_MS = 2000;
const LAST_PATIENCE_MS = 5000;
const FORWARDED = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[];
/** Exit codes of a rank that a signal stopped in order. */
const STOPPED: readonly (number | null)[] = Object.values(EXIT_CODES);

/**
 * Runs all ranks of this machine to their end. Signals go to all of them. Where one fails the others are ended, and one error
 * says which one it was, and why.
 * @returns the exit code for the job: the ranks' own, that of the rank that failed first, or 1 where a signal ended it
 */
export async function runRanks({ args, environments, write = toStderr }: RanksOptions): Promise<number> {
  const ranks = environments.map((env) => new RankProcess(Number(env.RANK), args, env));
  let received: NodeJS.Signals | undefined;
  const forward = (signal: NodeJS.Signals) => {
    received = signal;
    for (const rank of ranks) rank.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    const failed: RankProcess[] = [];
    const ends = ranks.map(async (rank) => {
      await rank.ended;
      // A rank that had not begun yet simply ends.
      const wasAsked = received !== undefined && rank.end?.signal === received;
      if (hasFailed(rank) && !rank.wasStopped && !wasAsked) failed.push(rank);
      if (failed.length === 1 && failed[0] === rank) await endOthers(ranks);
    });
    await Promise.all(ends);
    const cause = causeOf(failed);
    if (cause === undefined) {
      const stopped = ranks.map(({ end }) => end?.code ?? codeOf(received)).find((code) => code !== EXIT.done);
      return stopped ?? EXIT.done;
    }
    for (const line of explain(cause)) write(`${line}\n`);
    return cause.end?.code ?? EXIT.failed;
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
    for (const rank of ranks) rank.kill('SIGKILL');
  }
}

/** As shells count them. */
function codeOf(signal: NodeJS.Signals | undefined): number {
  return signal === undefined ? EXIT.failed : 128 + constants.signals[signal];
}

function hasFailed({ end }: RankProcess): boolean {
  return end !== undefined && end.code !== 0 && !STOPPED.includes(end.code);
}

async function endOthers(ranks: readonly RankProcess[]): Promise<void> {
  const all = Promise.all(ranks.map((rank) => rank.ended));
  for (const [signal, patience] of [
    ['SIGTERM', PATIENCE_MS],
    ['SIGKILL', LAST_PATIENCE_MS],
  ] as const) {
    const isOver = await Promise.race([all.then(() => true), after(patience)]);
    if (isOver) return;
    for (const rank of ranks.filter(({ end }) => end === undefined)) {
      rank.wasStopped = true;
      rank.kill(signal);
    }
  }
}

async function after(milliseconds: number): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
  return false;
}

/** Of those that failed of themselves rank 0, which has told it already, else the first; then those that lost another. */
function causeOf(failed: readonly RankProcess[]): RankProcess | undefined {
  const own = failed.filter(({ groupFailure }) => groupFailure === undefined);
  return own.find(({ rank }) => rank === 0) ?? own[0] ?? failed[0];
}

function explain({ rank, pid, end, groupFailure, lines }: RankProcess): string[] {
  if (groupFailure !== undefined) return [`gptorch: ${groupFailure}`];
  const said = lines.map((line) => `[rank ${rank}] ${line}`);
  if (end?.signal) {
    return [...said, `gptorch: rank ${rank} (process ${pid}) was ended by ${end.signal}; the other ranks were stopped`];
  }
  if (rank === 0 || said.length > 0) return said;
  return [`gptorch: rank ${rank} (process ${pid}) ended with exit code ${end?.code}`];
}

function toStderr(text: string): void {
  process.stderr.write(text);
}
