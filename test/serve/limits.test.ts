import { get } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import OpenAI from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, GPT, loadTokenizer, tensor } from '../../lib/index.js';
import { createServer, type ServerOptions } from '../../lib/serve/index.js';
import { makeModel, metric, post, type Running, serve, until } from './serving.js';

let running: Running | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: Partial<ServerOptions> = {}): Promise<Running> {
  running = await serve({ models: [makeModel('chat')], ...options });
  return running;
}

/** A model with few places, whose texts take a second and more. */
function slowModel(decoder: { maxRunning: number; maxWaiting: number }) {
  const { tokenizer } = makeModel('');
  const shape = { contextLength: 16_384, layers: 6, heads: 4, width: 128, initStd: 0.1 };
  return { name: 'slow', model: new GPT({ vocabSize: tokenizer.vocabSize, ...shape }, { decoder }), tokenizer };
}
const endless = { model: 'slow', prompt: 'a', max_tokens: 16_000 };

describe('a key', () => {
  it('is asked for where one is set, by all but health and page', async () => {
    const { url, client } = await start({ apiKey: 'secret' });
    expect((await client.models.list()).data).toHaveLength(1);
    const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'secres', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    const status = async (path: string) => (await fetch(url + path)).status;
    expect(await status('/v1/models')).toBe(401);
    expect(await status('/metrics')).toBe(401);
    expect(await status('/healthz')).toBe(200);
    expect(await status('/')).toBe(200);
    const { status: refused, headers } = await post(`${url}/v1/completions`, 'not even JSON');
    expect(refused).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(['', 'my key', 'schlüssel', 'line\n'])('is refused where no header can carry it: %j', (apiKey) => {
    const models = [makeModel('chat')];
    expect(() => createServer({ models, apiKey })).toThrow(ArgumentError);
    expect(() => createServer({ models, apiKey })).toThrow(/the API key may have/);
  });
});

describe('the limits of a request', () => {
  it('are its body, its tokens and its choices', async () => {
    const { url } = await start({ limits: { bodyBytes: 1000, requestTokens: 100, choices: 4 } });
    const ask = (fields: object) => post(`${url}/v1/completions`, { model: 'chat', prompt: 'a', ...fields });
    expect((await ask({ prompt: 'a'.repeat(1000) })).body.error).toMatchObject({ code: 'request_too_large' });
    expect((await ask({ n: 5 })).body.error).toMatchObject({ code: 'too_many_choices', param: 'n' });
    expect((await ask({ prompt: ['a', 'b', 'c'], n: 2 })).body.error).toMatchObject({ code: 'too_many_choices' });
    expect((await ask({ n: 2, max_tokens: 60 })).body.error).toMatchObject({ code: 'too_many_tokens' });
    expect((await ask({ max_tokens: 60 })).status).toBe(200);
    const embed = await post(`${url}/v1/embeddings`, { model: 'chat', input: Array(3).fill('a'.repeat(40)) });
    expect(embed.body.error).toMatchObject({ code: 'too_many_tokens', param: 'input' });
  });

  it('are looked at before anything is computed, a prompt’s probabilities too', async () => {
    const chat = makeModel('chat');
    const { url } = await start({ models: [chat], limits: { requestTokens: 100, choices: 4 } });
    const forward = vi.spyOn(chat.model, 'forward');
    const echo = { model: 'chat', prompt: Array(3).fill('a'.repeat(40)), echo: true, logprobs: 0, max_tokens: 0 };
    const { status, body } = await post(`${url}/v1/completions`, echo);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'too_many_tokens' });
    const { body: many } = await post(`${url}/v1/completions`, { ...echo, prompt: ['ab', 'ab', 'ab'], n: 2 });
    expect(many.error).toMatchObject({ code: 'too_many_choices' });
    expect(forward).not.toHaveBeenCalled();
  });

  it('are the length of a text, and of a word in it', async () => {
    const tokenizer = await loadTokenizer(
      fileURLToPath(new URL('../fixtures/parity/tokenizers/gpt2', import.meta.url)),
    );
    const model = new GPT({ vocabSize: tokenizer.vocabSize, contextLength: 1024, layers: 1, heads: 1, width: 8 });
    const { url } = await start({ models: [{ name: 'bpe', model, tokenizer }] });
    const ask = (prompt: string) => post(`${url}/v1/completions`, { model: 'bpe', prompt, max_tokens: 1 });
    const began = performance.now();
    expect((await ask('今天天气真不错'.repeat(2000))).body.error).toMatchObject({ code: 'word_too_long' });
    expect((await ask('?!'.repeat(2000))).body.error).toMatchObject({ code: 'word_too_long' });
    expect((await ask('a '.repeat(100_000))).body.error).toMatchObject({ code: 'context_length_exceeded' });
    expect((await ask('今天天气真不错，'.repeat(2000))).body.error).toMatchObject({ code: 'context_length_exceeded' });
    expect(performance.now() - began).toBeLessThan(5000);
    expect((await ask('the '.repeat(900))).status).toBe(200);
  });

  it('leave others their turn while many short texts are encoded', async () => {
    const chat = makeModel('chat');
    const { url } = await start({ models: [chat] });
    let turns = 0;
    const count = () => {
      turns++;
      counting = setImmediate(count);
    };
    let counting = setImmediate(count);
    const seen: number[] = [];
    const { encode } = chat.tokenizer;
    vi.spyOn(chat.tokenizer, 'encode').mockImplementation((text) => {
      seen.push(turns);
      const begin = performance.now();
      while (performance.now() - begin < 1);
      return encode.call(chat.tokenizer, text);
    });
    const messages = Array(200).fill({ role: 'user', content: 'hello' });
    const { status } = await post(`${url}/v1/chat/completions`, { model: 'chat', messages, max_tokens: 1 });
    clearImmediate(counting);
    expect(status).toBe(200);
    expect(seen).toHaveLength(200);
    expect((seen.at(-1) ?? 0) - (seen[0] ?? 0)).toBeGreaterThan(20);
  });

  it('must be whole numbers from 1, and known', () => {
    const models = [makeModel('chat')];
    expect(() => createServer({ models, limits: { choices: 0 } })).toThrow(ArgumentError);
    expect(() => createServer({ models, limits: { many: 1 } as object })).toThrow(/no limit many/);
    expect(() => createServer({ models: [] })).toThrow(ArgumentError);
    expect(() => createServer({ models: [...models, ...models] })).toThrow(/same name/);
  });
});

describe('a queue that is full', () => {
  it('refuses at once by 429, and a client that waited too long gets 503', async () => {
    const models = [slowModel({ maxRunning: 1, maxWaiting: 1 })];
    const { url, client } = await start({ models, limits: { waitTimeout: 400 } });
    const stream = await client.completions.create({ ...endless, stream: true });
    const first = stream[Symbol.asyncIterator]();
    await first.next();
    const waiting = post(`${url}/v1/completions`, endless);
    await until(async () => (await metric(url, 'gptorch_waiting')) === 1, 'one waits');
    const refused = client.completions.create(endless);
    await expect(refused).rejects.toThrow(OpenAI.RateLimitError);
    await expect(refused).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    const { status, headers, body } = await waiting;
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(body.error).toMatchObject({ code: 'overloaded', type: 'server_error' });
    await first.return?.();
    await until(async () => (await metric(url, 'gptorch_running')) === 0, 'the place is free', 3000);
  });
});

describe('time', () => {
  it('ends what takes too long: 503, or the last event of a stream', async () => {
    const models = [slowModel({ maxRunning: 4, maxWaiting: 4 })];
    const { url, client } = await start({ models, limits: { requestTimeout: 300 } });
    const { status, body } = await post(`${url}/v1/completions`, endless);
    expect(status).toBe(503);
    expect(body.error).toMatchObject({ code: 'request_timeout' });
    const stream = await client.completions.create({ ...endless, stream: true });
    let pieces = 0;
    const read = async () => {
      for await (const _ of stream) pieces++;
    };
    await expect(read()).rejects.toMatchObject({ code: 'request_timeout' });
    expect(pieces).toBeGreaterThan(0);
    await until(async () => (await metric(url, 'gptorch_running')) === 0, 'the places are free', 3000);
  });

  it('is not given to whoever sends no headers, or no body', async () => {
    const { url } = await start({ headersTimeout: 300, receiveTimeout: 600 });
    const send = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
        let reply = '';
        socket.setEncoding('utf8').on('data', (data: string) => {
          reply += data;
        });
        socket.on('error', reject).on('close', () => resolve(reply));
      });
    const begin = 'POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const [noHeaders, noBody] = await Promise.all([send(begin), send(`${begin}content-length: 50\r\n\r\n{"model"`)]);
    for (const reply of [noHeaders, noBody]) {
      expect(reply).toMatch(/^HTTP\/1\.1 408 /);
      expect(reply).toContain('"code":"request_timeout"');
    }
  });

  it('is not given to a client that leaves a stream unread', async () => {
    const models = [makeModel('long', { config: { contextLength: 65_536 } })];
    const { url } = await start({ models, limits: { stallTimeout: 300, requestTokens: 1e6 } });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const body = JSON.stringify({ model: 'long', prompt: 'a', max_tokens: 60_000, stream: true, logprobs: 20 });
    socket.pause();
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until(async () => (await metric(url, 'gptorch_running')) === 1, 'it runs');
    await until(async () => (await metric(url, 'gptorch_running')) === 0, 'it is given up', 30_000);
    const gone = (await (await fetch(`${url}/metrics`)).text()).match(/gptorch_requests_total\{[^}]*status="499"\} 1/);
    expect(gone).not.toBeNull();
    socket.destroy();
  });
});

describe('a method that a route does not have', () => {
  it.each([
    ['/v1/completions', 'POST'],
    ['/v1/models', 'GET, HEAD'],
    ['/v1/models/a/b', 'GET, HEAD'],
    ['/healthz', 'GET, HEAD'],
    ['/', 'GET, HEAD'],
  ])('%s has %s; any other is told so', async (url, allow) => {
    const { app } = await start({ apiKey: 'secret' });
    const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
    for (const method of others.filter((other) => !allow.includes(other))) {
      const { statusCode, headers, body } = await app.inject({ method, url });
      expect([method, statusCode, headers.allow]).toEqual([method, 405, allow]);
      if (method !== 'HEAD') expect(JSON.parse(body)).toMatchObject({ error: { code: 'method_not_allowed' } });
    }
  });
});

describe('a body that is compressed', () => {
  it('is answered by 415 with what it is, one that says it is not is read', async () => {
    const { url } = await start();
    const body = gzipSync(JSON.stringify({ model: 'chat', prompt: 'a', max_tokens: 1 }));
    const ask = (encoding: string, sent: Buffer) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
      return fetch(`${url}/v1/completions`, { method: 'POST', headers, body: new Uint8Array(sent) });
    };
    for (const encoding of ['gzip', 'br', 'gzip, identity']) {
      const reply = await ask(encoding, body);
      expect(reply.status).toBe(415);
      expect(await reply.json()).toEqual({
        error: {
          message: `the body has the content-encoding "${encoding}"; send it as plain JSON`,
          type: 'invalid_request_error',
          param: null,
          code: 'unsupported_content_encoding',
        },
      });
    }
    expect((await ask('Identity', gunzipSync(body))).status).toBe(200);
  });
});

describe('a reply that is left unread', () => {
  it('has its connection closed, also where it is no stream', async () => {
    const models = [makeModel('wide', { config: { width: 512, heads: 2, layers: 1 } })];
    const { url } = await start({ models, limits: { stallTimeout: 300 } });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const body = JSON.stringify({ model: 'wide', input: Array(1500).fill('a') });
    socket.pause();
    const head = 'POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    // 15 MB each: more than the system takes on for a client.
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`.repeat(4));
    const gone = async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return /gptorch_requests_total\{[^}]*status="499"\} [1-4]/.test(text);
    };
    await until(gone, 'the connection is closed', 20_000);
    socket.destroy();
  });
});

describe('other names and other pages', () => {
  it('a server on loopback answers for loopback’s names and those that are allowed', async () => {
    const { app } = await start({ allowedHosts: ['chat.local'] });
    const status = async (host: string) => (await app.inject({ url: '/healthz', headers: { host } })).statusCode;
    for (const host of ['localhost:8000', '127.0.0.1', '[::1]:80', 'Chat.local:8000'])
      expect(await status(host)).toBe(200);
    expect(await status('evil.example')).toBe(403);
    expect(await status('localhost.evil.example')).toBe(403);
  });

  it('pages of other origins are told nothing, unless they are allowed', async () => {
    const origin = 'https://friend.example';
    const preflight = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    const closed = await start();
    const refused = await closed.app.inject({ method: 'OPTIONS', url: '/v1/completions', headers: preflight });
    expect(refused.statusCode).toBe(405);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    await closed.close();
    const { app } = await start({ allowedOrigins: [origin], apiKey: 'secret' });
    const asked = await app.inject({ method: 'OPTIONS', url: '/v1/completions', headers: preflight });
    expect(asked.statusCode).toBe(204);
    expect(asked.headers['access-control-allow-origin']).toBe(origin);
    const other = await app.inject({ url: '/healthz', headers: { origin: 'https://evil.example' } });
    expect(other.headers['access-control-allow-origin']).not.toBe('https://evil.example');
    const denied = await app.inject({ method: 'POST', url: '/v1/completions', headers: { origin } });
    expect(denied.statusCode).toBe(401);
    // The page may read why.
    expect(denied.headers['access-control-allow-origin']).toBe(origin);
  });
});

describe('a name that would match nothing is refused', () => {
  const models = [makeModel('chat')];

  it.each(['*', 'example.org', 'example.org:8000', 'https://example.org/', 'https://example.org:443', ''])(
    'as an origin: %j',
    (origin) => {
      expect(() => createServer({ models, allowedOrigins: [origin] })).toThrow(ArgumentError);
      expect(() => createServer({ models, allowedOrigins: [origin] })).toThrow(/allowedOrigins: ".*" matches no page/);
    },
  );

  it.each(['chat.local:8000', 'http://chat.local', 'fe80::1', 'bücher.example', '*', ''])('as a host: %j', (host) => {
    expect(() => createServer({ models, allowedHosts: [host] })).toThrow(ArgumentError);
    expect(() => createServer({ models, allowedHosts: [host] })).toThrow(/allowedHosts: ".*" is no request's host/);
  });

  it('and those that match something are taken', () => {
    const allowedOrigins = ['https://example.org', 'http://localhost:3000', 'chrome-extension://abc', 'null'];
    const allowedHosts = ['Chat.local', '[fe80::1]', '10.0.0.1', 'xn--bcher-kva.example'];
    expect(() => createServer({ models, allowedOrigins, allowedHosts })).not.toThrow();
  });
});

describe('a proxy in front', () => {
  const askedBy = async (trustedProxies: readonly string[] | undefined, proxy: string) => {
    const models = [makeModel('chat')];
    const app = createServer({ models, trustedProxies });
    const addresses: string[] = [];
    app.addHook('onResponse', async ({ ip }) => void addresses.push(ip));
    await app.inject({ url: '/healthz', remoteAddress: proxy, headers: { 'x-forwarded-for': '203.0.113.7' } });
    await app.shutDown();
    for (const { model } of models) model.dispose();
    return addresses;
  };

  it('is believed whom a request is from, another is not', async () => {
    expect(await askedBy(['10.0.0.0/8', '::1'], '10.1.2.3')).toEqual(['203.0.113.7']);
    expect(await askedBy(['10.0.0.0/8', '::1'], '192.0.2.1')).toEqual(['192.0.2.1']);
    expect(await askedBy(undefined, '127.0.0.1')).toEqual(['127.0.0.1']);
  });

  it('finds its connections open for longer than proxies keep them', async () => {
    const kept = async (url: string) => (await fetch(`${url}/healthz`)).headers.get('keep-alive');
    expect(await kept((await start({ trustedProxies: ['127.0.0.1'] })).url)).toBe('timeout=75');
    await running?.close();
    expect(await kept((await start()).url)).toBe('timeout=15');
  });

  it.each(['10.0.0', 'proxy.example', '10.0.0.0/33', ''])('is no %j', (proxy) => {
    const options = { models: [makeModel('chat')], trustedProxies: [proxy] };
    expect(() => createServer(options)).toThrow(/trustedProxies: ".*" is neither an address/);
  });
});

describe('connections', () => {
  it('beyond the limit are closed, and there is room once one ends', async () => {
    const { url } = await start({ maxConnections: 1 });
    const port = Number(new URL(url).port);
    const open = () => connect(port, '127.0.0.1');
    const request = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const first = open();
    await new Promise((done) => first.once('data', done).write(request));
    const refused = open();
    refused.on('error', () => {});
    await new Promise((done) => refused.once('close', done));
    first.destroy();
    await until(async () => {
      const next = open();
      next.on('error', () => {});
      const reply = await new Promise<string>((done) => {
        next.once('data', (bytes) => done(String(bytes))).once('close', () => done(''));
        next.write(request);
      });
      next.destroy();
      return reply.startsWith('HTTP/1.1 200');
    }, 'a connection is taken again');
  });
});

describe('watching', () => {
  it('metrics count requests, tokens and times', async () => {
    const { url } = await start();
    for (const n of [1, 2]) await post(`${url}/v1/completions`, { model: 'chat', prompt: 'hello', max_tokens: 4, n });
    await post(`${url}/v1/completions`, { model: 'chat' });
    const text = await (await fetch(`${url}/metrics`)).text();
    const line = (name: string) => text.split('\n').find((found) => found.startsWith(name));
    expect(line('gptorch_requests_total{route="/v1/completions",method="POST",status="200"}')).toMatch(/ 2$/);
    expect(line('gptorch_requests_total{route="/v1/completions",method="POST",status="400"}')).toMatch(/ 1$/);
    expect(line('gptorch_tokens_total{model="chat",kind="prompt"}')).toMatch(/ 10$/);
    expect(line('gptorch_tokens_total{model="chat",kind="generated"}')).toMatch(/ 12$/);
    expect(line('gptorch_time_to_first_token_seconds_count{model="chat"}')).toMatch(/ 2$/);
    expect(line('gptorch_tokens_per_second_count{model="chat"}')).toMatch(/ 2$/);
    expect(line('gptorch_running{model="chat"}')).toMatch(/ 0$/);
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes'])
      expect(line(name)).toBeDefined();
  });

  it('metrics count what is refused too, and what no route is there for', async () => {
    const { url } = await start();
    const status = (path: string, host: string) =>
      new Promise((resolve, reject) => {
        const request = get(`${url}${path}`, { headers: { host } }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        });
        request.once('error', reject);
      });
    expect(await status('/nothing', 'localhost')).toBe(404);
    expect(await status('/v1/models/%E0%A4%A', 'localhost')).toBe(400);
    expect(await status('/healthz', 'evil.example')).toBe(403);
    const text = await (await fetch(`${url}/metrics`)).text();
    const counted = [...text.matchAll(/^gptorch_requests_total(\{.*\}) 1$/gm)].map(([, labels]) => labels);
    expect(counted.sort()).toEqual([
      '{route="/healthz",method="GET",status="403"}',
      '{route="none",method="GET",status="400"}',
      '{route="none",method="GET",status="404"}',
    ]);
  });

  it('health comes back with the next request that succeeds, on any route', async () => {
    const broken = makeModel('broken', { chat: false, config: { tiedEmbedding: false } });
    const bad = broken.tokenizer.encode('z')[0] ?? 0;
    const weight = broken.model.embedding.parameter('wte.weight');
    const values = (await weight.toArray()) as Float32Array;
    const { width, vocabSize } = broken.model.config;
    weight.copyFrom(tensor(values.fill(Number.NaN, bad * width, (bad + 1) * width), { shape: [vocabSize, width] }));
    const { app, url } = await start({ models: [broken] });
    const health = async () => (await app.inject('/healthz')).json().status;
    const complete = (prompt: string) => post(`${url}/v1/completions`, { model: 'broken', prompt, max_tokens: 2 });
    const routes = [
      () => complete('a'),
      () => post(`${url}/v1/embeddings`, { model: 'broken', input: 'a' }),
      () => post(`${url}/v1/completions`, { model: 'broken', prompt: 'ab', max_tokens: 0, logprobs: 0, echo: true }),
    ];
    for (const succeed of routes) {
      expect((await complete('z')).status).toBe(500);
      expect(await health()).toBe('unhealthy');
      expect((await succeed()).status).toBe(200);
      expect(await health()).toBe('ready');
    }
  });

  it('health is ready, then draining while running requests end', async () => {
    const models = [slowModel({ maxRunning: 4, maxWaiting: 4 })];
    const { app, url, client } = await start({ models });
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ready' });
    const stream = await client.completions.create({ ...endless, max_tokens: 300, stream: true });
    const texts = stream[Symbol.asyncIterator]();
    await texts.next();
    const ended = app.shutDown();
    const health = await app.inject('/healthz');
    expect([health.statusCode, health.json()]).toEqual([503, { status: 'draining' }]);
    const refused = await app.inject({ method: 'POST', url: '/v1/completions', payload: endless });
    expect([refused.statusCode, refused.json().error.code]).toEqual([503, 'shutting_down']);
    while (!(await texts.next()).done);
    expect(await ended).toBe(true);
  });
});
