import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Closes the connection of a client that takes nothing of a reply for so long, from when the reply is there in full: what
 * it leaves unread, the server would keep for ever.
 * @param payload what is sent, as the hook `onSend` gives it
 * @param limit milliseconds
 */
export function closeWhereUnread(
  request: FastifyRequest,
  { raw }: FastifyReply,
  payload: unknown,
  limit: number,
): void {
  const { socket } = request.raw;
  // `inject` has none.
  if (!(socket instanceof Socket)) return;
  const watch = () => void raw.setTimeout(limit, () => raw.destroy());
  if (payload instanceof Readable) payload.once('end', watch);
  else watch();
  // The time counts for the connection; the reply that is next there may take long to be made.
  raw.prependOnceListener('finish', () => socket.setTimeout(0));
}
