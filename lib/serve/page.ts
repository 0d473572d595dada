import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { FastifyInstance } from 'fastify';

const folder = new URL('./page/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page loads nothing from elsewhere and runs no script but its own files. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** The chat page at `/` and its files beside it. */
export function addPage(app: FastifyInstance, only: (url: string) => void): void {
  const files = readdirSync(folder).filter((name) => extname(name) in TYPES);
  for (const name of files) {
    const content = readFileSync(new URL(name, folder));
    const url = name === 'index.html' ? '/' : `/page/${name}`;
    only(url);
    app.get(url, (request, reply) => {
      const [path = ''] = request.url.split('?');
      // Its files are beside it only where its address ends like a folder's.
      if (url === '/' && !path.endsWith('/')) return reply.redirect(`${path.slice(path.lastIndexOf('/') + 1)}/`, 308);
      return reply
        .headers(HEADERS)
        .type(TYPES[extname(name)] ?? '')
        .send(content);
    });
  }
}
