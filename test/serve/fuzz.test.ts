import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../lib/data/index.js';
import { addTaskTokens, GPT, TaskModel } from '../../lib/index.js';
import { malformed } from './malformed.js';
import { makeModel, post, type Running, serve } from './serving.js';

const REQUESTS = 2000;
const SEED = Number(process.env.GPTORCH_FUZZ_SEED ?? 1);

let running: Running;
beforeAll(async () => {
  const chat = makeModel('chat');
  const { tokenizer } = addTaskTokens(makeModel('', { chat: false }).tokenizer);
  const gpt = new GPT({ vocabSize: tokenizer.vocabSize, contextLength: 32, layers: 1, heads: 2, width: 8 });
  const model = new TaskModel(gpt, { task: 'classification', labels: ['a', 'b'], maxLength: 32 });
  running = await serve({ models: [chat, { name: 'task', model, tokenizer }] });
});
afterAll(() => running.close());

/** Sends bytes and reads until the server closes. */
function exchange(bytes: Buffer): Promise<string> {
  const { port } = new URL(running.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
    });
    // A server that refuses a body may close before it has all been sent.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (text === '' && error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(text));
    socket.setTimeout(20_000, () => reject(new Error('no answer within 20 s')));
    socket.write(bytes);
  });
}

it(`answers ${REQUESTS} malformed requests by a 4xx in OpenAI's form each`, { timeout: 240_000 }, async () => {
  const random = new Random(SEED);
  const statuses = new Map<number, number>();
  const check = async () => {
    const { what, bytes } = malformed(random);
    const reply = await exchange(bytes);
    const [, status = ''] = /^HTTP\/1\.1 (\d{3})/.exec(reply) ?? [];
    const told = `seed ${SEED}, ${what}: ${reply.slice(0, 300)}`;
    expect(status, told).toMatch(/^4\d\d$/);
    statuses.set(Number(status), (statuses.get(Number(status)) ?? 0) + 1);
    const body = reply.slice(reply.indexOf('\r\n\r\n') + 4);
    expect(reply.toLowerCase(), told).toContain('content-type: application/json');
    const { error, ...rest } = JSON.parse(body);
    expect(rest, told).toEqual({});
    expect(error, told).toEqual({
      message: expect.stringMatching(/./),
      type: expect.stringMatching(/_error$/),
      param: error.param === null ? null : expect.any(String),
      code: expect.stringMatching(/^[a-z_]+$/),
    });
  };
  for (let sent = 0; sent < REQUESTS; sent += 8) await Promise.all(Array.from({ length: 8 }, check));
  for (const status of [400, 404, 405, 413, 415, 417, 431])
    expect(statuses.get(status), `${status}`).toBeGreaterThan(0);
  const { status } = await post(`${running.url}/v1/completions`, { model: 'chat', prompt: 'a', max_tokens: 2 });
  expect(status).toBe(200);
});
