import type { Random } from '../../lib/data/index.js';

/** A request that is wrong in some way, as the bytes that go over the connection. */
export interface Malformed {
  what: string;
  bytes: Buffer;
}

const ROUTES = ['/v1/completions', '/v1/chat/completions', '/v1/embeddings', '/v1/classify'] as const;
const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'FOO'] as const;

const good: Readonly<Record<(typeof ROUTES)[number], object>> = {
  '/v1/completions': { model: 'chat', prompt: 'hello', max_tokens: 2 },
  '/v1/chat/completions': { model: 'chat', messages: [{ role: 'user', content: 'hello' }], max_tokens: 2 },
  '/v1/embeddings': { model: 'chat', input: 'hello' },
  '/v1/classify': { model: 'task', input: { text: 'hello' } },
};

/** Values that no field of the protocol takes. */
function wrongValue(random: Random): unknown {
  const values: unknown[] = [
    { toString: 1 },
    [[[[]]]],
    [{ a: [null] }],
    -1e308,
    -0.5,
    'x'.repeat(600 + random.nextInt(5000)),
    ['\ud800', 5],
    [1.5, -2],
    Number.MIN_SAFE_INTEGER * 4,
    { prototype: { constructor: 1 } },
    [true, false],
  ];
  return values[random.nextInt(values.length)];
}

/** Bodies that are no JSON, or none that a parser should take. */
function wrongBody(random: Random): { what: string; body: Buffer } {
  const text = (what: string, body: string) => ({ what, body: Buffer.from(body) });
  const depth = 33 + random.nextInt(50_000);
  const kinds = [
    () => text('nothing', ''),
    () => text('half a body', JSON.stringify(good['/v1/chat/completions']).slice(0, 5 + random.nextInt(40))),
    () => text('a list', '[1, 2, 3]'),
    () => text('a text', '"hello"'),
    () => text('null', 'null'),
    () => text('a number without end', `{"model":"chat","prompt":"a","temperature":1e${400 + random.nextInt(600)}}`),
    () => text('many digits', `{"model":"chat","prompt":"a","max_tokens":${'9'.repeat(1 + random.nextInt(400))}.5}`),
    () => text('nested lists', `{"model":"chat","prompt":${'['.repeat(depth)}${']'.repeat(depth)}}`),
    () => text('nested objects', `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
    () => text('open brackets', '['.repeat(depth)),
    () => text('a prototype', '{"model":"chat","prompt":"a","__proto__":{"max_tokens":1}}'),
    () => text('a constructor', '{"model":"chat","prompt":"a","constructor":{"prototype":{"x":1}}}'),
    () => text('half a surrogate pair', '{"model":"chat","prompt":"\\ud83d"}'),
    () => text('a long text', `{"model":"chat","prompt":"${'a'.repeat(10_000 + random.nextInt(600_000))}"}`),
    () => text('a body beyond the limit', `{"model":"${'m'.repeat(1_100_000)}"}`),
    () => text('many tokens', JSON.stringify({ model: 'chat', prompt: Array(30_000).fill(random.nextInt(9)) })),
    () => text('a token outside', JSON.stringify({ model: 'chat', prompt: [1, 2 ** 40] })),
    () => text('single quotes', "{'model': 'chat'}"),
    () => text('a comment', '{"model":"chat" /* prompt */}'),
    () => text('a form', 'model=chat&prompt=hello'),
    () => ({
      what: 'no UTF-8',
      body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, random.nextInt(256), 0x22, 0x3a, 0x31, 0x7d]),
    }),
    () => ({
      what: 'a cut character',
      body: Buffer.concat([Buffer.from('{"model":"chat","prompt":"'), Buffer.from([0xe4, 0xbd]), Buffer.from('"}')]),
    }),
    () => ({
      what: 'noise',
      body: Buffer.from(Array.from({ length: random.nextInt(300) }, () => random.nextInt(256))),
    }),
  ];
  return (kinds[random.nextInt(kinds.length)] ?? kinds[0])?.() ?? text('nothing', '');
}

function encode(method: string, path: string, headers: string[], body: Uint8Array = Buffer.alloc(0)): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, ...headers, `content-length: ${body.length}`, 'connection: close'];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

const JSON_TYPE = 'content-type: application/json';
const HOST = 'host: localhost';

/** A request that must be answered by a 4xx, drawn at random. */
export function malformed(random: Random): Malformed {
  const pick = <T>(values: readonly T[]): T => values[random.nextInt(values.length)] as T;
  const route = pick(ROUTES);
  const goodBody = Buffer.from(JSON.stringify(good[route]));
  const kinds: (() => Malformed)[] = [
    () => {
      const { what, body } = wrongBody(random);
      return { what, bytes: encode('POST', route, [HOST, JSON_TYPE], body) };
    },
    () => {
      const body: Record<string, unknown> = { ...good[route] };
      const field = pick([
        ...Object.keys(body),
        'temperature',
        'n',
        'stop',
        'stream',
        'tools',
        'no_such_field',
        'top_p',
      ]);
      body[field] = wrongValue(random);
      return {
        what: `${route} ${field}: ${JSON.stringify(body[field])?.slice(0, 40)}`,
        bytes: wrongField(route, body),
      };
    },
    () => {
      const body: Record<string, unknown> = { ...good[route] };
      const field = pick(Object.keys(body).filter((name) => name !== 'max_tokens'));
      delete body[field];
      return { what: `${route} without ${field}`, bytes: wrongField(route, body) };
    },
    () => {
      const method = pick(METHODS);
      return { what: `${method} ${route}`, bytes: encode(method, route, [HOST, JSON_TYPE], goodBody) };
    },
    () => {
      const path = pick([
        '/',
        '/v2',
        '/v1/',
        '/v1/models/none',
        '/%',
        '/%ff%fe',
        '/..%2f..%2fetc/passwd',
        '/page/../app.ts',
        `/${'x'.repeat(6000)}`,
      ]);
      return { what: `POST ${path.slice(0, 20)}`, bytes: encode('POST', path, [HOST, JSON_TYPE], goodBody) };
    },
    () => {
      const type = pick([
        'text/plain',
        'application/xml',
        'multipart/form-data',
        'application/json5',
        ';',
        'image/png',
        '\u00ff',
      ]);
      return { what: `content-type ${type}`, bytes: encode('POST', route, [HOST, `content-type: ${type}`], goodBody) };
    },
    () => {
      const header = pick([
        `x-long: ${'h'.repeat(20_000)}`,
        'bad header name: 1',
        'transfer-encoding: chunked',
        'content-length: 5',
        'content-length: -1',
        'expect: something',
        `cookie: ${'\u0001'.repeat(3)}`,
        'transfer-encoding: gzip',
        'host: evil.example',
      ]);
      const host = header.startsWith('host') ? [] : [HOST];
      return { what: header.slice(0, 30), bytes: encode('POST', route, [...host, JSON_TYPE, header], goodBody) };
    },
    () => ({ what: 'no host', bytes: encode('POST', route, [JSON_TYPE], goodBody) }),
    () => {
      const line = pick([
        'GARBAGE',
        'POST',
        'POST /v1/completions HTTP/9.9',
        'POST /v1/completions',
        '\u0016\u0003\u0001\u0002',
        'PRI * HTTP/2.0',
        'CONNECT example.org:443 HTTP/1.1',
      ]);
      return { what: line.slice(0, 30), bytes: Buffer.from(`${line}\r\n${HOST}\r\n\r\n`, 'latin1') };
    },
  ];
  return pick(kinds)();
}

function wrongField(route: string, body: object): Buffer {
  return encode('POST', route, [HOST, JSON_TYPE], Buffer.from(JSON.stringify(body)));
}
