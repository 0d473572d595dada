import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Of each connection: the replies that are not out. */
const unfinished = new WeakMap<Socket, Set<ServerResponse>>();

/**
 * Has a reply close with its connection also while it waits behind others there, as those of pipelined requests do: Node
 * tells only the one that is being sent, so that nobody would learn that the client of the rest is gone.
 */
export function closeWithConnection(reply: ServerResponse, socket: Socket): void {
  const replies = repliesOf(socket);
  replies.add(reply);
  reply.once('close', () => replies.delete(reply));
}

function repliesOf(socket: Socket): Set<ServerResponse> {
  const known = unfinished.get(socket);
  if (known) return known;
  const replies = new Set<ServerResponse>();
  unfinished.set(socket, replies);
  socket.once('close', () => {
    // The one that is being sent has the socket.
    for (const reply of [...replies].filter((each) => each.socket === null)) {
      reply.destroy();
      reply.emit('close');
    }
  });
  return replies;
}
