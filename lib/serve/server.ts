import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify';
import { ApiError } from './api-error.js';
import { followRequest, followRequests } from './follow-requests.js';
import { requireHost } from './hosts.js';
import type { ServeOptions } from './options.js';
import { addRoutes, sendError } from './routes.js';
import { Service } from './service.js';
import { checkProxies } from './trusted-proxies.js';
import { closeWhereUnread } from './unread-replies.js';

/** How long connections that nothing is asked over stay open, in milliseconds. */
const KEEP_FOR_CLIENT = 15_000;
/** Longer than a proxy keeps them, most of them 60 s: one closed just when it asks again would be its client's 502. */
const KEEP_FOR_PROXY = 75_000;

/** How a server of its own deals with the network. */
export interface ServerOptions extends ServeOptions {
  /** As fastify's: true, or options of pino. Default false: nothing is logged. */
  logger?: FastifyServerOptions['logger'];
  /**
   * Names beside loopback's that requests may call this server by, without port; `any` for a server that others reach.
   * Default: none.
   */
  allowedHosts?: readonly string[] | 'any';
  /**
   * Proxies in front, as addresses or networks (`10.0.0.0/8`, `loopback`): whom a request is from is then what they say in
   * X-Forwarded-For, and clients behind them take turns. Default: none.
   */
  trustedProxies?: readonly string[];
  /** Connections open at once; further ones are closed. Default 1,024. */
  maxConnections?: number;
  /** Milliseconds for a request's headers to arrive. Default 10,000. */
  headersTimeout?: number;
  /** Milliseconds for a whole request to arrive, its body too. Default 30,000. */
  receiveTimeout?: number;
}

/** A fastify app that serves models, and how it ends. */
export type ServeApp = FastifyInstance & {
  /**
   * Ends in order: takes no connections and no requests any more, lets those that run end, closes.
   * @param limit milliseconds after which what still runs is given up. Default 30,000.
   * @returns whether all ended by themselves
   */
  shutDown(limit?: number): Promise<boolean>;
};

/**
 * Makes a server; `listen` starts it. It answers for loopback's names alone unless `allowedHosts` says otherwise.
 * @throws ArgumentError for no model, two of one name, a wrong limit, a key that no header can carry, or a host, an origin
 *   or a proxy's address that would match nothing
 */
export function createServer(options: ServerOptions): ServeApp {
  const { logger = false, headersTimeout = 10_000, receiveTimeout = 30_000 } = options;
  const service = new Service(options);
  const isProxied = (options.trustedProxies?.length ?? 0) > 0;
  const app: FastifyInstance = fastify({
    trustProxy: checkProxies(options.trustedProxies),
    logger,
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 512 },
    bodyLimit: service.limits.bodyBytes,
    requestTimeout: receiveTimeout,
    keepAliveTimeout: isProxied ? KEEP_FOR_PROXY : KEEP_FOR_CLIENT,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: { headersTimeout, requireHostHeader: false, connectionsCheckingInterval: 1000 },
    clientErrorHandler: refuseConnection,
    // No hook is called for these.
    frameworkErrors: (error, request, reply) => {
      followRequest(service, request, reply);
      sendError(undefined, error, request, reply);
    },
  });
  app.server.maxConnections = options.maxConnections ?? 1024;
  app.server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) => {
    writeError(response, new ApiError(417, 'this expectation cannot be met', { code: 'expectation_failed' }));
  });
  app.server.on('connect', (_: IncomingMessage, socket: Socket) => {
    endSocket(socket, new ApiError(405, 'this server is no proxy', { code: 'method_not_allowed' }));
  });
  followRequests(app, service);
  const check = requireHost(options.allowedHosts ?? []);
  app.addHook('onRequest', async (request) => check(request));
  app.addHook('onSend', async (request, reply, payload) => {
    closeWhereUnread(request, reply, payload, service.limits.stallTimeout);
  });
  app.setErrorHandler((error, request, reply) => sendError(service, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const what = `${request.method} ${request.url.slice(0, 100)}`;
    sendError(service, new ApiError(404, `there is nothing at ${what}`, { code: 'not_found' }), request, reply);
  });
  app.register(async (scope) => addRoutes(scope, service));
  return Object.assign(app, {
    async shutDown(limit = 30_000) {
      app.server.close();
      app.server.closeIdleConnections();
      const inTime = await service.drain(limit);
      // What was given up gets a moment to be told.
      if (!inTime) await service.drain(1000);
      app.server.closeAllConnections();
      await app.close();
      return inTime;
    },
  });
}

/** The same as a listener of one's own `http` server: `http.createServer(await createHandler({ models }))`. */
export async function createHandler(options: ServerOptions): Promise<RequestListener> {
  const app = createServer(options);
  await app.ready();
  return (request, response) => app.routing(request, response);
}

/** What is no HTTP, too large or too slow, in OpenAI's form too. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  endSocket(socket, connectionErrors[error.code ?? ''] ?? badHttp);
}

const badHttp = new ApiError(400, 'this is no valid HTTP request', { code: 'invalid_http' });
const connectionErrors: Readonly<Record<string, ApiError>> = {
  HPE_HEADER_OVERFLOW: new ApiError(431, 'the headers are too large', { code: 'headers_too_large' }),
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError(408, 'the request took too long to arrive', { code: 'request_timeout' }),
};

function endSocket(socket: Socket, error: ApiError): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(error);
  const head = [
    `HTTP/1.1 ${error.status} ${error.code}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function writeError(response: ServerResponse, error: ApiError): void {
  const body = Buffer.from(JSON.stringify(error));
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length };
  response.writeHead(error.status, { ...headers, connection: 'close' }).end(body);
}
