import type { FastifyInstance } from 'fastify';
import { ApiError, badRequest } from './api-error.js';

/** Deeper than any request of the protocol; what walks a body does so by recursion. */
const DEEPEST = 32;
const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Bodies are JSON and nothing else, not compressed. What is no UTF-8, is nested too deep or sets an object's prototype is refused before
 * anything looks at it.
 */
export function parseJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addHook('preParsing', async (request, _reply, payload) => {
    const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
    // An app around ours may have decoded it: then this is no longer the connection's own stream.
    if (encoding !== 'identity' && payload === request.raw) throw unsupportedEncoding(encoding);
    return payload;
  });
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    let text: string;
    try {
      text = utf8.decode(body);
    } catch {
      return done(badRequest('the body is not UTF-8', undefined, 'invalid_json'));
    }
    if (isDeep(body)) {
      return done(badRequest(`the body is nested deeper than ${DEEPEST} levels`, undefined, 'invalid_json'));
    }
    parse(request, text, (error, value) => {
      if (error) done(badRequest(`the body is not JSON: ${error.message}`, undefined, 'invalid_json'));
      else done(null, value);
    });
  });
}

function unsupportedEncoding(encoding: string): ApiError {
  const message = `the body has the content-encoding ${JSON.stringify(encoding)}; send it as plain JSON`;
  return new ApiError(415, message, { code: 'unsupported_content_encoding' });
}

/** Whether brackets outside of strings are nested too deep. */
function isDeep(body: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > DEEPEST) return true;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}
