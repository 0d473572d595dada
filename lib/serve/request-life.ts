import type { FastifyReply } from 'fastify';
import { ApiError } from './api-error.js';

/** HTTP has no status for it; nobody is there to read one. nginx logs this. */
const CLIENT_GONE = 499;

/** How long a request is worth computing for. */
export interface RequestLife {
  /** Aborted when the client has gone, the time is over, or the server ends; its reason is an `ApiError`. */
  readonly signal: AbortSignal;
  /** Call when the last has been sent to the reply. */
  end(): void;
}

/** @param timeout milliseconds */
export function watchRequest(reply: FastifyReply, timeout: number, shutdown: AbortSignal): RequestLife {
  const controller = new AbortController();
  const onClose = () => {
    if (!reply.raw.writableFinished) {
      controller.abort(new ApiError(CLIENT_GONE, 'the client has closed the connection', { code: 'client_gone' }));
    }
    end();
  };
  const onShutdown = () => controller.abort(shutdown.reason);
  const timer = setTimeout(() => {
    const message = `the request took longer than ${timeout / 1000} s`;
    controller.abort(new ApiError(503, message, { code: 'request_timeout', retryAfter: 1 }));
  }, timeout);
  const end = () => {
    clearTimeout(timer);
    reply.raw.off('close', onClose);
    shutdown.removeEventListener('abort', onShutdown);
  };
  reply.raw.once('close', onClose);
  shutdown.addEventListener('abort', onShutdown, { once: true });
  if (reply.raw.destroyed) onClose();
  if (shutdown.aborted) onShutdown();
  return { signal: controller.signal, end };
}
