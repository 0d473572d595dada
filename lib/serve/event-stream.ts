import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { toApiError } from './api-error.js';

/** What an event stream needs beside its events. */
export interface EventStreamOptions {
  /** Milliseconds that the client may leave it unread. */
  stallTimeout: number;
  /** Called once, after the last event or when the client has gone. */
  onEnd: () => void;
  /** Called with what ends the stream early. */
  onError: (error: unknown) => void;
}

/**
 * Replies by server-sent events, one JSON object each, the last one `[DONE]`. The next object is asked for once the
 * client's connection has taken the one before. An error after the first event is an event too, and the last one then.
 */
export function sendEvents(
  reply: FastifyReply,
  events: AsyncIterable<object>,
  { stallTimeout, onEnd, onError }: EventStreamOptions,
): FastifyReply {
  reply.header('content-type', 'text/event-stream; charset=utf-8');
  reply.header('cache-control', 'no-cache, no-transform');
  reply.header('x-accel-buffering', 'no');
  const stream = Readable.from(lines(reply, events, { stallTimeout, onError }));
  stream.once('close', onEnd);
  return reply.send(stream);
}

async function* lines(
  reply: FastifyReply,
  events: AsyncIterable<object>,
  { stallTimeout, onError }: Omit<EventStreamOptions, 'onEnd'>,
) {
  const taken = async function* (line: string) {
    const timer = setTimeout(() => reply.raw.destroy(), stallTimeout);
    try {
      yield line;
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    for await (const event of events) yield* taken(`data: ${JSON.stringify(event)}\n\n`);
    yield* taken('data: [DONE]\n\n');
  } catch (error) {
    onError(error);
    const told = toApiError(error);
    if (told.status === 500) reply.log.error(error);
    yield* taken(`data: ${JSON.stringify(told)}\n\n`);
  }
}
