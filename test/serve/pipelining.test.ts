import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { makeModel, metric, serve, until } from './serving.js';

it('of a client that goes away, all of its pipelined requests end, and the server can end in order', async () => {
  const models = [makeModel('long', { config: { contextLength: 16_384, width: 64, layers: 4 } })];
  const { app, url, close } = await serve({ models });
  const body = JSON.stringify({ model: 'long', prompt: 'a', max_tokens: 16_000 });
  const streamed = JSON.stringify({ ...JSON.parse(body), stream: true });
  const head = 'POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
  const requests = [body, streamed, body, streamed].map((each) => {
    return `${head}content-length: ${each.length}\r\n\r\n${each}`;
  });
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(requests.join('')));
  try {
    await until(async () => (await metric(url, 'gptorch_running')) === 4, 'all four run');
    socket.destroy();
    await until(async () => (await metric(url, 'gptorch_running')) === 0, 'their places are free', 3000);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/^gptorch_requests_total\{[^}]*status="499"\} 4$/m);
    expect(await app.shutDown(3000)).toBe(true);
  } finally {
    socket.destroy();
    await close();
  }
});

it('a reply may take longer to be made than one may be left unread, also behind another', async () => {
  const models = [makeModel('long', { config: { contextLength: 16_384, width: 64, layers: 4 } })];
  const { url, close } = await serve({ models, limits: { stallTimeout: 400, requestTimeout: 1500 } });
  const body = JSON.stringify({ model: 'long', prompt: 'a', max_tokens: 16_000 });
  const requests = [
    'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n',
    `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  ];
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(requests.join('')));
  let replies = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    replies += text;
  });
  try {
    await until(() => socket.destroyed || replies.includes('request_timeout'), 'the second reply');
    expect(replies).toContain('request_timeout');
  } finally {
    socket.destroy();
    await close();
  }
});
