import { BOUNDS } from '../bounds.js';
import { ArgumentError } from '../errors.js';
import type { ModelToServe } from './served-model.js';

/** What one request, and all together, may take. */
export interface ServeLimits {
  /** Bytes of a request's body. Default 1 MiB. */
  bodyBytes: number;
  /** Tokens that one request may make the server compute: prompts and the longest answers. Default 65,536. */
  requestTokens: number;
  /** Choices of one request: `n` for each prompt. Default 64. */
  choices: number;
  /** New tokens where a request does not say how many, 16 for completions as in OpenAI's protocol, else this. Default 256. */
  defaultTokens: number;
  /** Milliseconds that a request may wait until it is begun; then it is answered by 503. Default 30,000. */
  waitTimeout: number;
  /** Milliseconds that a request may take in all; then it is answered by 503, or its stream ends. Default 300,000. */
  requestTimeout: number;
  /** Milliseconds that a client may leave a stream, or a reply of `createServer`, unread; then its connection is closed. Default 30,000. */
  stallTimeout: number;
}

const DEFAULT_LIMITS: ServeLimits = {
  bodyBytes: 1 << 20,
  requestTokens: 65_536,
  choices: 64,
  defaultTokens: 256,
  waitTimeout: 30_000,
  requestTimeout: 300_000,
  stallTimeout: 30_000,
};

/** What is served, to whom and within which limits. */
export interface ServeOptions {
  /** At least one; requests name them. */
  models: readonly ModelToServe[];
  /** Requests must carry it as `Authorization: Bearer …`; visible ASCII, no spaces. Default: none is asked for. */
  apiKey?: string | undefined;
  /** Web pages of these origins, such as `https://example.org`, may send requests. Default: none. */
  allowedOrigins?: readonly string[];
  /** What requests are answered within. */
  limits?: Partial<ServeLimits>;
  /**
   * What becomes of a chat's system messages, for which a model of dialogues has no place: `refuse` answers 400, `turn`
   * reads each as a turn like others. Default `refuse`.
   */
  systemMessages?: 'refuse' | 'turn';
  /** The chat page at `/`. Default true. */
  page?: boolean;
}

/** @throws ArgumentError for a limit that is no whole number from 1 */
export function resolveLimits(limits: Partial<ServeLimits> = {}): ServeLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!(name in DEFAULT_LIMITS)) throw new ArgumentError(`there is no limit ${name}`);
    const most = name.endsWith('Timeout') ? BOUNDS.milliseconds.most : Number.MAX_SAFE_INTEGER;
    if (!Number.isSafeInteger(value) || value < 1 || value > most) {
      const end = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
      throw new ArgumentError(`limits.${name} is ${value}; allowed: whole numbers from 1${end}`);
    }
  }
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
}
