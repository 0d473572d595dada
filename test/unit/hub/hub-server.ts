import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A revision's files. */
export type Files = Record<string, Buffer>;

export interface HubModel {
  /** By branch or tag. */
  revisions: Record<string, Files>;
  /** Opens only with this token. */
  token?: string;
}

interface Request {
  method: string;
  path: string;
  range: string | undefined;
}

/** Above this a file is kept by its SHA-256 and served from another address, as the hub does with large ones. */
const LARGE = 2000;

/**
 * A server on loopback that speaks as much of the Hugging Face Hub's protocol as fetching a model takes: model info,
 * file tree in pages, resolve with ETag, commit and linked headers, redirect of large files, ranges, refusals.
 */
export class HubServer {
  readonly models: Record<string, HubModel> = {};
  /** What was asked for, in order. */
  requests: Request[] = [];
  /** Names of the files whose contents were sent, whole or in part. */
  downloads = new Set<string>();
  /** Cuts the connection after so many bytes of a file, so many times. */
  cut: { file: string; after: number; times: number } | undefined;
  /** Sends other bytes of the same length for a file. */
  damaged: string | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<HubServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const hub = new HubServer(server);
    server.on('request', (request, response) => hub.#answer(request, response));
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  forget(): void {
    this.requests = [];
    this.downloads = new Set();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  static commitOf(files: Files): string {
    const hash = createHash('sha1');
    for (const [name, contents] of Object.entries(files)) hash.update(`${name}\0${contents.length}\0`).update(contents);
    return hash.digest('hex');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    this.requests.push({ method: request.method ?? '', path: pathname, range: request.headers.range });
    const found =
      /^\/api\/models\/(?<name>[^/]+\/[^/]+)\/(?<kind>revision|tree)\/(?<revision>[^/]+)$/.exec(pathname) ??
      /^\/(?<name>[^/]+\/[^/]+)\/(?<kind>resolve|cdn)\/(?<revision>[^/]+)\/(?<file>.+)$/.exec(pathname);
    const { name = '', kind, revision = '', file = '' } = found?.groups ?? {};
    const model = this.models[name];
    // Without a token the hub does not tell what is private from what is not there.
    if (model?.token !== undefined && request.headers.authorization !== `Bearer ${model.token}`) {
      refuse(response, 401, 'GatedRepo', 'Access to this model is restricted');
      return;
    }
    const wanted = decodeURIComponent(revision);
    const revisions = model?.revisions ?? {};
    const files = revisions[wanted] ?? Object.values(revisions).find((each) => HubServer.commitOf(each) === wanted);
    const contents = files?.[file];
    if (!model) refuse(response, 404, 'RepoNotFound', 'Repository not found');
    else if (!files) refuse(response, 404, 'RevisionNotFound', 'Invalid rev id');
    else if (kind === 'revision') sendJson(response, { _id: 'x', id: name, sha: HubServer.commitOf(files) });
    else if (kind === 'tree') this.#tree(pathname, searchParams, files, response);
    else if (!contents) refuse(response, 404, 'EntryNotFound', 'Entry not found');
    else this.#file(kind === 'cdn', file, contents, HubServer.commitOf(files), request, response);
  }

  /** Three entries a page. */
  #tree(path: string, query: URLSearchParams, files: Files, response: ServerResponse): void {
    const entries = Object.entries(files).map(([name, contents]) => ({
      ...{ type: 'file', path: name, size: contents.length, oid: gitHash(contents) },
      ...(contents.length > LARGE && { lfs: { oid: sha256(contents), size: contents.length, pointerSize: 134 } }),
    }));
    const first = Number(query.get('cursor') ?? 0);
    const next = `<${this.url}${path}?cursor=${first + 3}>; rel="next"`;
    sendJson(
      response,
      [{ type: 'directory', path: 'onnx', size: 0, oid: '0'.repeat(40) }, ...entries].slice(first, first + 3),
      first + 3 <= entries.length ? { Link: next } : {},
    );
  }

  #file(
    direct: boolean,
    name: string,
    whole: Buffer,
    commit: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const headers: Record<string, string> = { 'X-Repo-Commit': commit, 'Accept-Ranges': 'bytes' };
    if (whole.length > LARGE && !direct) {
      headers['X-Linked-Etag'] = `"${sha256(whole)}"`;
      headers['X-Linked-Size'] = String(whole.length);
      headers.Location = (request.url ?? '').replace('/resolve/', '/cdn/');
      response.writeHead(302, headers).end();
      return;
    }
    headers.ETag = `"${whole.length > LARGE ? sha256(whole) : gitHash(whole)}"`;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const from = Number(range?.[1] ?? 0);
    const to = range?.[2] ? Number(range[2]) + 1 : whole.length;
    const contents = name === this.damaged ? Buffer.alloc(whole.length, 'x') : whole;
    const body = contents.subarray(from, to);
    if (request.headers.range !== 'bytes=0-0') this.downloads.add(name);
    headers['Content-Length'] = String(body.length);
    if (range) headers['Content-Range'] = `bytes ${from}-${to - 1}/${whole.length}`;
    response.writeHead(range ? 206 : 200, headers);
    const { cut } = this;
    if (cut && cut.file === name && cut.times > 0 && body.length > cut.after) {
      cut.times--;
      response.write(body.subarray(0, cut.after), () => setTimeout(() => response.destroy(), 20));
      return;
    }
    response.end(body);
  }
}

function sendJson(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string, error: string): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'X-Error-Code': code, 'X-Error-Message': error })
    .end(JSON.stringify({ error }));
}

function gitHash(contents: Buffer): string {
  return createHash('sha1').update(`blob ${contents.length}\0`).update(contents).digest('hex');
}

function sha256(contents: Buffer): string {
  return createHash('sha256').update(contents).digest('hex');
}
