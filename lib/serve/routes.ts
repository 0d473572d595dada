import cors from '@fastify/cors';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, toApiError } from './api-error.js';
import { requireKey } from './auth.js';
import { chatCompletions } from './chat-completions.js';
import { classify } from './classify.js';
import { completions } from './completions.js';
import { embeddings } from './embeddings.js';
import { followRequests } from './follow-requests.js';
import { parseJsonBodies } from './json-body.js';
import type { ServeOptions } from './options.js';
import { addPage } from './page.js';
import { Service } from './service.js';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** The routes as a fastify plugin of one's own app: `app.register(gptorchRoutes, { prefix: '/ai', models })`. */
export const gptorchRoutes: FastifyPluginAsync<ServeOptions> = async (app, options) => {
  const service = new Service(options);
  followRequests(app, service);
  await addRoutes(app, service);
};

/** All routes, for a service that others look at too. */
export async function addRoutes(app: FastifyInstance, service: Service): Promise<void> {
  const { apiKey, allowedOrigins = [], page = true } = service.options;
  app.setErrorHandler((error, request, reply) => sendError(service, error, request, reply));
  if (allowedOrigins.length > 0) {
    await app.register(cors, { origin: [...allowedOrigins], strictPreflight: false, maxAge: 600 });
  }
  parseJsonBodies(app);
  const methods = routeMethods(app);
  const open: Handler = () => {};
  const guard = apiKey === undefined ? open : requireKey(apiKey);
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    guard(request, reply);
    if (service.health === 'draining') {
      reply.header('connection', 'close');
      throw new ApiError(503, 'the server is shutting down', { code: 'shutting_down', retryAfter: 5 });
    }
  };
  const api = (handle: (service: Service, request: FastifyRequest, reply: FastifyReply) => unknown): Handler => {
    return (request, reply) => handle(service, request, reply);
  };
  const bodyLimit = service.limits.bodyBytes;
  for (const [url, handle] of [
    ['/v1/completions', completions],
    ['/v1/chat/completions', chatCompletions],
    ['/v1/embeddings', embeddings],
    ['/v1/classify', classify],
  ] as const) {
    methods.only('POST', url);
    app.post(url, { onRequest: admit, bodyLimit }, api(handle));
  }
  methods.only('GET', '/v1/models');
  app.get('/v1/models', { onRequest: admit }, () => ({
    object: 'list',
    data: [...service.models.values()].map((model) => model.describe()),
  }));
  methods.only('GET', '/v1/models/*');
  // A name may have slashes, as the hub's do.
  app.get<{ Params: { '*': string } }>('/v1/models/*', { onRequest: admit }, ({ params }) => {
    return service.model(params['*']).describe();
  });
  methods.only('GET', '/metrics');
  app.get('/metrics', { onRequest: async (request, reply) => void guard(request, reply) }, async (_, reply) => {
    reply.type(service.metrics.registry.contentType);
    return service.metrics.registry.metrics();
  });
  methods.only('GET', '/healthz');
  app.get('/healthz', (_, reply) => {
    const status = service.health;
    return reply.code(status === 'ready' ? 200 : 503).send({ status });
  });
  if (page) addPage(app, (url) => methods.only('GET', url));
}

/** Answers the methods that a route does not have by 405. */
function routeMethods(app: FastifyInstance) {
  return {
    only(method: 'GET' | 'POST', url: string): void {
      const allowed = method === 'GET' ? ['GET', 'HEAD'] : [method];
      const allow = allowed.join(', ');
      app.route({
        method: app.supportedMethods.filter((other) => !allowed.includes(other)),
        url,
        exposeHeadRoute: false,
        onRequest: async (request, reply) => {
          reply.header('allow', allow);
          throw new ApiError(405, `${request.method} is not allowed here; allowed: ${allow}`, {
            code: 'method_not_allowed',
          });
        },
        handler: () => {},
      });
    },
  };
}

/** Replies by an error in OpenAI's form. */
export function sendError(
  service: Service | undefined,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const told = toApiError(error);
  service?.reportFailure(error);
  if (told.status >= 500) request.log.error(error);
  if (told.retryAfter !== undefined) reply.header('retry-after', String(told.retryAfter));
  if (told.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(told.status).type('application/json; charset=utf-8').send(told.toJSON());
}
