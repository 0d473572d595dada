import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGunzip, gzipSync } from 'node:zlib';
import fastify from 'fastify';
import OpenAI from 'openai';
import { afterAll, describe, expect, it } from 'vitest';
import { createHandler, gptorchRoutes } from '../../lib/serve/index.js';
import { makeModel, post } from './serving.js';

const model = makeModel('chat');
afterAll(() => model.model.dispose());

describe('gptorchRoutes', () => {
  const app = fastify();
  app.get('/own', () => 'own');
  app.post('/own', ({ body }) => body);
  app.register(gptorchRoutes, { prefix: '/ai', models: [model] });
  afterAll(() => app.close());

  it('are a part of one’s own app, and leave the rest as it is', async () => {
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const client = new OpenAI({ baseURL: `${url}/ai/v1`, apiKey: 'none' });
    const messages = [{ role: 'user' as const, content: 'hello' }];
    const { choices } = await client.chat.completions.create({ model: 'chat', messages, max_tokens: 3 });
    expect(choices).toHaveLength(1);
    expect(await (await fetch(`${url}/own`)).text()).toBe('own');
    const refused = await post(`${url}/own`, '{');
    expect(refused.body.error).toBe('Bad Request');
    const ours = await post(`${url}/ai/v1/completions`, '{');
    expect(ours.body.error).toMatchObject({ code: 'invalid_json' });
  });

  it('take a body that the app has decompressed', async () => {
    const around = fastify();
    around.addHook('preParsing', async ({ headers }, _reply, payload) => {
      delete headers['content-length']; // of the compressed body
      return payload.pipe(createGunzip());
    });
    around.register(gptorchRoutes, { models: [model] });
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const payload = gzipSync(JSON.stringify({ model: 'chat', prompt: 'hello', max_tokens: 2 }));
    const { statusCode } = await around.inject({ method: 'POST', url: '/v1/completions', headers, payload });
    expect(statusCode).toBe(200);
    await around.close();
  });

  it('show their page beside their routes', async () => {
    const bare = await app.inject({ url: '/ai' });
    expect(bare.statusCode).toBe(308);
    expect(bare.headers.location).toBe('ai/');
    const page = await app.inject({ url: '/ai/' });
    expect(page.statusCode).toBe(200);
    const files = [...page.body.matchAll(/(?:href|src)="(page\/[^"]+)"/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) expect((await app.inject({ url: `/ai/${file}` })).statusCode).toBe(200);
  });
});

describe('createHandler', () => {
  it('is a listener of one’s own http server', async () => {
    const server = createHttpServer(await createHandler({ models: [model], page: false }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { status, body } = await post(`${url}/v1/completions`, { model: 'chat', prompt: 'hello', max_tokens: 2 });
    expect(status).toBe(200);
    expect(body.choices).toHaveLength(1);
    const page = await fetch(url);
    expect(page.status).toBe(404);
    expect(await page.json()).toMatchObject({ error: { code: 'not_found' } });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
