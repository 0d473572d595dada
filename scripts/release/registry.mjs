// A package registry on loopback: it serves our tarballs and hands on what it is asked for otherwise, so that an install of
// packages that are not published goes the way of one that are.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * @param {readonly { name: string, version: string, file: string, manifest: object }[]} packages
 * @param {{ folder: string, upstream: string }} places of the tarballs; the registry that has the rest
 * @returns {Promise<{ url: string, requests: string[], close(): void }>}
 */
export async function startRegistry(packages, { folder, upstream }) {
  const requests = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    requests.push(path);
    answer(path, request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(502);
      response.end(String(error));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const url = `http://127.0.0.1:${port}`;

  async function answer(path, request, response) {
    const tarball = packages.find(({ file }) => path === `/-/${file}`);
    if (tarball) return pipeline(createReadStream(join(folder, tarball.file)), response);
    const own = packages.find(({ name }) => path === `/${name}`);
    if (own) return response.setHeader('content-type', 'application/json').end(JSON.stringify(documentOf(own)));
    if (request.method !== 'GET') return response.writeHead(404).end('{}'); // audits
    const { accept = '*/*' } = request.headers;
    const other = await fetch(new URL(request.url ?? '/', upstream), { headers: { accept } });
    response.writeHead(other.status, { 'content-type': other.headers.get('content-type') ?? 'application/json' });
    return other.body ? pipeline(Readable.fromWeb(other.body), response) : response.end();
  }

  /** What a registry tells of a package with one version. */
  function documentOf({ name, version, file, manifest }) {
    const integrity = `sha512-${createHash('sha512')
      .update(readFileSync(join(folder, file)))
      .digest('base64')}`;
    const dist = { tarball: `${url}/-/${file}`, integrity };
    return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
  }

  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, requests, close };
}
