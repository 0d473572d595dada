/** Models behind HTTP, in OpenAI's protocol; as a server, a plugin of fastify or a listener of `http`. */

export { ApiError, type ApiErrorDetails } from './api-error.js';
export type { ServeLimits, ServeOptions } from './options.js';
export { gptorchRoutes } from './routes.js';
export { type ModelToServe, openModel } from './served-model.js';
export { createHandler, createServer, type ServeApp, type ServerOptions } from './server.js';
