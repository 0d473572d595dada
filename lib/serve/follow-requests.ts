import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { closeWithConnection } from './queued-replies.js';
import type { Service } from './service.js';

/** Counts and logs an app's requests from here on, also those that hooks refuse or that no route is there for. */
export function followRequests(app: FastifyInstance, service: Service): void {
  app.addHook('onRequest', async (request, reply) => followRequest(service, request, reply));
}

/** Counts a request until its reply is out or its client gone. */
export function followRequest(service: Service, request: FastifyRequest, reply: FastifyReply): void {
  const begin = performance.now();
  const active = service.begin();
  closeWithConnection(reply.raw, request.raw.socket);
  reply.raw.once('close', () => {
    active.end();
    const route = request.routeOptions.url ?? 'none';
    const status = reply.raw.writableFinished ? reply.raw.statusCode : 499;
    const seconds = (performance.now() - begin) / 1000;
    service.metrics.request(route, request.method, status, seconds);
    request.log.info({ method: request.method, route, status, seconds }, 'request');
  });
}
