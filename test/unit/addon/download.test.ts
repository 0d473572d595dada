import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { requireSpace } from '../../../lib/addon/install/disk-space.js';
import { downloadWheel } from '../../../lib/addon/install/download.js';
import { makeGet } from '../../../lib/addon/install/http.js';
import { LoadError } from '../../../lib/errors.js';
import { serve } from './serve.js';
import { temporaryFolder } from './temporary-folder.js';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
const sha256 = createHash('sha256').update(content).digest('hex');
const get = makeGet({});

/** Serves `content` with ranges as a web server does, and breaks each connection off after `limit` bytes. */
function ranges({ limit = Number.POSITIVE_INFINITY, tag = '"one"', body = content } = {}): RequestListener {
  return ({ headers }, response) => {
    const asked = headers['if-range'] === tag && /^bytes=(\d+)-/.exec(headers.range ?? '')?.[1];
    const start = asked ? Number(asked) : 0;
    if (start >= body.length) return response.writeHead(416).end();
    const range = asked ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {};
    response.writeHead(asked ? 206 : 200, { etag: tag, 'content-length': body.length - start, ...range });
    const sent = body.subarray(start, start + limit);
    if (start + limit < body.length) return response.write(sent, () => setTimeout(() => response.destroy(), 50));
    return response.end(sent);
  };
}

function wheelAt(url: string) {
  return { url: `${url}/torch.whl`, fileName: 'torch.whl', sha256 };
}

test('a connection that breaks often is gone on with, each byte sent once', async () => {
  const file = join(temporaryFolder(), 'torch.whl');
  const { url, requests } = await serve(ranges({ limit: 70_000 }));
  await downloadWheel(wheelAt(url), file, { get });
  expect(readFileSync(file).equals(content)).toBe(true);
  expect(requests).toHaveLength(5);
  expect(readdirSync(join(file, '..'))).toEqual(['torch.whl']);
});

test('another call goes on where one was broken off, and its progress begins there', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'torch.whl');
  let limit = 100_000;
  const { url } = await serve((request, response) => ranges({ limit })(request, response));
  const onLength = async (missing: number) => {
    if (missing < content.length) throw new LoadError('broken off for good');
  };
  await expect(downloadWheel(wheelAt(url), file, { get, onLength })).rejects.toThrow('broken off for good');
  expect(existsSync(file)).toBe(false);
  limit = Number.POSITIVE_INFINITY;
  const seen: number[] = [];
  await downloadWheel(wheelAt(url), file, { get, onProgress: (received) => seen.push(received) });
  expect(seen[0]).toBeGreaterThan(100_000);
  expect(readFileSync(file).equals(content)).toBe(true);
});

test('a part of a wheel that has changed since is not gone on with', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'torch.whl');
  writeFileSync(`${file}.part`, Buffer.alloc(1000, 'old'));
  writeFileSync(`${file}.part.json`, JSON.stringify({ url: 'x', sha256, tag: '"one"' }));
  const { url } = await serve(ranges());
  await downloadWheel(wheelAt(url), file, { get });
  writeFileSync(`${file}.part`, Buffer.alloc(1000, 'old'));
  writeFileSync(`${file}.part.json`, JSON.stringify({ url: `${url}/torch.whl`, sha256, tag: '"older"' }));
  await downloadWheel(wheelAt(url), join(folder, 'other.whl'), { get });
  expect(readFileSync(file).equals(content)).toBe(true);
});

test('a part that is longer than the wheel is thrown away', async () => {
  const file = join(temporaryFolder(), 'torch.whl');
  const { url } = await serve(ranges());
  writeFileSync(`${file}.part`, Buffer.alloc(content.length + 1));
  writeFileSync(`${file}.part.json`, JSON.stringify({ ...wheelAt(url), tag: '"one"' }));
  await downloadWheel(wheelAt(url), file, { get });
  expect(readFileSync(file).equals(content)).toBe(true);
});

test('a part that was damaged is found by the hash, and does not stay', async () => {
  const file = join(temporaryFolder(), 'torch.whl');
  const { url } = await serve(ranges());
  writeFileSync(`${file}.part`, Buffer.alloc(1000, 'damaged'));
  writeFileSync(`${file}.part.json`, JSON.stringify({ ...wheelAt(url), tag: '"one"' }));
  await expect(downloadWheel(wheelAt(url), file, { get })).rejects.toThrow(`but ${sha256} was expected`);
  expect(readdirSync(join(file, '..'))).toEqual([]);
});

/** A proxy that takes every tunnel to `target`, or refuses it. */
async function startProxy(target: string | undefined): Promise<{ url: string; tunnels: string[] }> {
  const tunnels: string[] = [];
  const server = createServer();
  server.on('connect', ({ url }, socket) => {
    tunnels.push(url ?? '');
    if (target === undefined) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const { hostname, port } = new URL(target);
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const each of [upstream, socket]) each.on('error', () => each.destroy());
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}

test('the proxy of the environment is used, but not for what NO_PROXY names', async () => {
  const folder = temporaryFolder();
  const { url } = await serve(ranges());
  const proxy = await startProxy(url);
  const env = { HTTP_PROXY: proxy.url };
  const elsewhere = { url: 'http://wheels.example/torch.whl', fileName: 'torch.whl', sha256 };
  await downloadWheel(elsewhere, join(folder, 'a'), { get: makeGet(env) });
  expect(readFileSync(join(folder, 'a')).equals(content)).toBe(true);
  expect(proxy.tunnels).toEqual(['wheels.example:80']);
  await downloadWheel(wheelAt(url), join(folder, 'b'), { get: makeGet({ ...env, NO_PROXY: '127.0.0.1' }) });
  expect(proxy.tunnels).toHaveLength(1);
});

test('a proxy that refuses is named by its answer', async () => {
  const proxy = await startProxy(undefined);
  const get = makeGet({ http_proxy: proxy.url });
  const file = join(temporaryFolder(), 'a');
  const elsewhere = { url: 'http://wheels.example/torch.whl', fileName: 'torch.whl' };
  await expect(downloadWheel(elsewhere, file, { get })).rejects.toThrow(/3 attempts.*Proxy response \(403\)/);
});

test('too little room on the disk is said with the numbers and what to do', async () => {
  const folder = temporaryFolder();
  await expect(requireSpace(folder, 1e18)).rejects.toThrow(
    /has [\d.]+ GB left .* 1000000000\.00 GB more.*XDG_CACHE_HOME/,
  );
  await expect(requireSpace(folder, 1)).resolves.toBeUndefined();
});
