import {
  ArgumentError,
  DecoderFullError,
  DecoderTimeoutError,
  EngineQueueFullError,
  GptorchError,
  InputError,
  OutOfMemoryError,
} from '../errors.js';

/** What OpenAI's protocol says of an error beside its message. */
export interface ApiErrorDetails {
  /** Default: `invalid_request_error` for a status below 500, else `server_error`. */
  type?: string;
  /** The field of the request at fault. */
  param?: string | undefined;
  /** For programs, e.g. `model_not_found`. */
  code: string;
  /** Seconds after which to try again. */
  retryAfter?: number;
  cause?: unknown;
}

/** A reply that is an error, in the form of OpenAI's protocol. */
export class ApiError extends GptorchError {
  readonly type: string;
  readonly param: string | undefined;
  readonly retryAfter: number | undefined;

  /** @param status HTTP's */
  constructor(
    readonly status: number,
    message: string,
    { type, param, code, retryAfter, cause }: ApiErrorDetails,
  ) {
    super(code, message, { cause });
    this.type = type ?? (status < 500 ? 'invalid_request_error' : 'server_error');
    this.param = param;
    this.retryAfter = retryAfter;
  }

  /** The reply's body. */
  toJSON(): { error: { message: string; type: string; param: string | null; code: string } } {
    const { message, type, param = null, code } = this;
    return { error: { message, type, param, code } };
  }
}

/** What is wrong with a request: 400. */
export function badRequest(message: string, param?: string, code = 'invalid_value'): ApiError {
  return new ApiError(400, message, { param, code });
}

/** What a handler threw, as the reply that tells it. What is no fault of the client's is told without its details. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof InputError || error instanceof ArgumentError) {
    return new ApiError(400, error.message, { code: 'invalid_value', cause: error });
  }
  if (error instanceof DecoderFullError) return tooManyRequests(error);
  if (error instanceof DecoderTimeoutError) return waitedTooLong(error);
  if (error instanceof EngineQueueFullError) return overloaded('the engine has too much to do; try again', error);
  if (error instanceof OutOfMemoryError) return overloaded('not enough memory for this request now', error);
  const status = statusOf(error);
  if (status !== undefined && status < 500 && error instanceof Error) {
    return new ApiError(status, error.message, { code: CODES[status] ?? 'invalid_request', cause: error });
  }
  return new ApiError(500, 'the server failed to answer; its log says more', { code: 'server_error', cause: error });
}

/** 503: no fault of the request's. */
export function overloaded(message: string, cause?: unknown): ApiError {
  return new ApiError(503, message, { code: 'overloaded', retryAfter: 1, cause });
}

/** 429, with the time after which to try again. */
export function tooManyRequests(cause?: unknown): ApiError {
  const details = { type: 'rate_limit_error', code: 'rate_limit_exceeded', retryAfter: 1, cause };
  return new ApiError(429, 'too many requests are waiting', details);
}

/** 503: the request was not begun within the time that it may wait. */
export function waitedTooLong(cause?: unknown): ApiError {
  return overloaded('the request waited too long for its turn', cause);
}

const CODES: Readonly<Record<number, string>> = {
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'request_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  417: 'expectation_failed',
  431: 'headers_too_large',
};

/** Of fastify's own errors. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 600 ? statusCode : undefined;
}
