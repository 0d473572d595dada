import { rm } from 'node:fs/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch } from '../e2e/cli.js';
import { type Command, saveModel, serveCommand } from './command.js';
import { metric, post, until } from './serving.js';

let folder: string;
const started: Command[] = [];
beforeAll(async () => {
  folder = await saveModel({ contextLength: 2048, layers: 4, heads: 4, width: 96 });
});
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

async function start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Command> {
  const command = await serveCommand(['--model', folder, '--name', 'm', ...args], env);
  started.push(command);
  return command;
}

const long = { model: 'm', prompt: 'hello', max_tokens: 1500, seed: 1 };

describe('a signal', () => {
  it('under load loses no running answer, and the exit code is 0', async () => {
    const ask = { ...long, max_tokens: 250 };
    const { child, url, ended } = await start();
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
    const streamed = Array.from({ length: 8 }, async () => {
      const stream = await client.completions.create({ ...ask, stream: true });
      let finish = '';
      for await (const { choices } of stream) finish = choices[0]?.finish_reason ?? finish;
      return finish;
    });
    const whole = Array.from({ length: 8 }, async () => {
      const { choices, usage } = await client.completions.create(ask);
      return { finish: choices[0]?.finish_reason, tokens: usage?.completion_tokens };
    });
    const answers = Promise.all([Promise.all(streamed), Promise.all(whole)]);
    const running = async () => (await metric(url, 'gptorch_time_to_first_token_seconds_count')) >= 16;
    await until(running, 'all sixteen have their first token', 30_000);
    child.kill('SIGTERM');
    const health = () =>
      fetch(`${url}/healthz`).then(
        ({ status }) => status,
        () => 503,
      );
    await until(async () => (await health()) === 503, 'the signal has come', 30_000);
    // Whoever comes now is refused: the port is closed, or the request gets 503 over a connection that was there before.
    const late = await post(`${url}/v1/completions`, long).then(
      ({ status }) => status,
      () => 'refused',
    );
    expect([503, 'refused']).toContain(late);
    const [ofStreams, ofWhole] = await answers;
    expect(ofStreams).toEqual(Array(8).fill('length'));
    expect(ofWhole).toEqual(Array(8).fill({ finish: 'length', tokens: 250 }));
    expect((await ended).code).toBe(0);
  });

  it('gives up what takes longer than the drain time-out, by an error', async () => {
    const { child, url, ended } = await start(['--drain-timeout', '0.2']);
    const answers = Array.from({ length: 16 }, () => post(`${url}/v1/completions`, { ...long, n: 8 }));
    // Eight of them run, at 64 texts at once: the others wait, so all have come.
    await until(async () => (await metric(url, 'gptorch_waiting')) >= 8, 'all requests have come', 30_000);
    child.kill('SIGINT');
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBe(503);
      expect(body.error).toMatchObject({ code: 'shutting_down' });
    }
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).toContain('given up');
  });

  it('a second one quits at once', async () => {
    const { child, url, ended } = await start();
    const answer = post(`${url}/v1/completions`, { ...long, n: 32 }).then(
      () => 'answered',
      () => 'lost',
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGTERM');
    expect((await ended).code).toBe(143);
    expect(await answer).toBe('lost');
  });
});

describe('options', () => {
  it('beyond this machine a key is needed, or --no-auth', async () => {
    const { code, stderr } = await gptorch(['serve', '--model', folder, '--host', '0.0.0.0', '--port', '0']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/GPTORCH_API_KEY.*--no-auth/);
    const open = await start(['--host', '0.0.0.0', '--no-auth']);
    const port = new URL(open.url).port;
    expect((await fetch(`http://127.0.0.1:${port}/v1/models`)).status).toBe(200);
    const keyed = await start(['--host', '0.0.0.0'], { GPTORCH_API_KEY: 'secret' });
    const models = `http://127.0.0.1:${new URL(keyed.url).port}/v1/models`;
    expect((await fetch(models)).status).toBe(401);
    expect((await fetch(models, { headers: { authorization: 'Bearer secret' } })).status).toBe(200);
  });

  it('several models, each with its name', async () => {
    const command = await serveCommand(['--model', `a=${folder}`, '--model', folder]);
    started.push(command);
    const models = (await (await fetch(`${command.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(models.data.map(({ id }) => id)).toEqual(['a', folder.split('/').at(-1)]);
    const { code, stderr } = await gptorch(['serve', '--model', folder, '--model', folder, '--name', 'x']);
    expect(code).toBe(2);
    expect(stderr).toContain('--model NAME=DIR');
  });
});
