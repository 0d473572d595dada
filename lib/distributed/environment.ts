import { InputError } from '../errors.js';
import type { ProcessGroupOptions } from './process-group.js';

/** What a process learns of its job from its environment. */
export interface RankEnvironment extends Required<Pick<ProcessGroupOptions, 'rank' | 'size' | 'address' | 'port'>> {
  /** Its place among the ranks of this machine, and how many those are. */
  localRank: number;
  localSize: number;
  timeout: number | undefined;
  joinTimeout: number | undefined;
  storeIsRunning: boolean;
  name: string;
}

/**
 * The ranks that `gptorch launch`, torchrun or a user has set: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR,
 * MASTER_PORT, and GPTORCH_TIMEOUT and GPTORCH_JOIN_TIMEOUT in seconds.
 * @returns undefined for a process by itself: WORLD_SIZE is not set, or 1
 * @throws InputError naming the variable that is missing or wrong
 */
export function readRankEnvironment(env: NodeJS.ProcessEnv = process.env): RankEnvironment | undefined {
  const size = env.WORLD_SIZE === undefined ? 1 : wholeNumber(env, 'WORLD_SIZE', 1, 65_536);
  if (size === 1) return undefined;
  const rank = wholeNumber(env, 'RANK', 0, size - 1);
  if (env.MASTER_ADDR === undefined) throw new InputError(missing('MASTER_ADDR', size));
  const localSize = env.LOCAL_WORLD_SIZE === undefined ? undefined : wholeNumber(env, 'LOCAL_WORLD_SIZE', 1, size);
  return {
    rank,
    size,
    address: env.MASTER_ADDR,
    port: wholeNumber(env, 'MASTER_PORT', 1, 65_535),
    localRank: env.LOCAL_RANK === undefined ? rank : wholeNumber(env, 'LOCAL_RANK', 0, (localSize ?? size) - 1),
    localSize: localSize ?? size,
    timeout: seconds(env, 'GPTORCH_TIMEOUT'),
    joinTimeout: seconds(env, 'GPTORCH_JOIN_TIMEOUT'),
    // torchrun's agent listens at MASTER_PORT itself, and starts all ranks anew under one store when one fails.
    storeIsRunning: env.TORCHELASTIC_USE_AGENT_STORE === 'True',
    name: env.TORCHELASTIC_RESTART_COUNT ?? 'default',
  };
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, low: number, high: number): number {
  const text = env[name];
  if (text === undefined) throw new InputError(missing(name, Number(env.WORLD_SIZE)));
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new InputError(`environment variable ${name} is "${text}"; allowed: whole numbers from ${low} to ${high}`);
}

function seconds(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 1e8) return value;
  throw new InputError(`environment variable ${name} is "${text}"; allowed: seconds above 0`);
}

function missing(name: string, size: number): string {
  return `environment variable ${name} is missing; WORLD_SIZE is ${size}, so RANK, MASTER_ADDR and MASTER_PORT are needed`;
}
