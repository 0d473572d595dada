import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../lib/data/index.js';
import { type Command, saveModel, serveCommand } from './command.js';
import { malformed } from './malformed.js';
import { metric, post, until } from './serving.js';

/** `npm run test:soak`: 200 clients in 3 minutes; else a short form of the same. */
const { clients, seconds } =
  process.env.GPTORCH_SOAK === '1' ? { clients: 200, seconds: 180 } : { clients: 60, seconds: 20 };
/** Mean time between two requests of a client. */
const PAUSE = 6;
const TOKENS = 40;
/** Seconds, the 99th percentile: how long work holds the loop at a time. */
const MOST_WORK = 0.01;
/** The heap's own growth to its working size is no leak; 1,000 requests that each kept their body or text would be. */
const MOST_GROWTH = 24 << 20;

let folder: string;
let command: Command;
let workFile: string;
beforeAll(async () => {
  folder = await saveModel({ contextLength: 256, layers: 4, heads: 4, width: 64 });
  workFile = join(folder, 'loop-work');
  command = await serveCommand(['--model', folder, '--name', 'chat'], {
    // A small young generation: that it grows to its size is not what is looked for.
    NODE_OPTIONS: `--max-semi-space-size=2 --import=${new URL('loop-work.mjs', import.meta.url).href}`,
    GPTORCH_LOOP_WORK: workFile,
  });
});
afterAll(async () => {
  command?.child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const ask = (seed: number) => ({ model: 'chat', prompt: 'hello', max_tokens: TOKENS, seed });
const SEEDS = 8;

it(`holds under ${clients} clients for ${seconds} s, a third of which vanish and a third send nonsense`, async () => {
  const { url, child, ended } = command;
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const expected = await Promise.all(
    Array.from({ length: SEEDS }, async (_, seed) => (await client.completions.create(ask(seed))).choices[0]?.text),
  );
  const counts = { answered: 0, vanished: 0, refused: 0 };

  const behave = [
    async (random: Random) => {
      const seed = random.nextInt(SEEDS);
      let text = '';
      let finish: string | null = null;
      if (random.nextInt(2) === 0) {
        const { choices } = await client.completions.create(ask(seed));
        [text, finish] = [choices[0]?.text ?? '', choices[0]?.finish_reason ?? null];
      } else {
        for await (const { choices } of await client.completions.create({ ...ask(seed), stream: true })) {
          text += choices[0]?.text ?? '';
          finish = choices[0]?.finish_reason ?? finish;
        }
      }
      expect({ text, finish }).toEqual({ text: expected[seed], finish: 'length' });
      counts.answered++;
    },
    async (random: Random) => {
      await vanish(url, random.nextInt(200));
      counts.vanished++;
    },
    async (random: Random) => {
      const { what, bytes } = malformed(random);
      expect(await exchange(url, bytes), what).toMatch(/^HTTP\/1\.1 4\d\d /);
      counts.refused++;
    },
  ];

  const end = Date.now() + seconds * 1000;
  const run = async (index: number) => {
    const random = new Random(index);
    const act = behave[index % behave.length];
    while (true) {
      // The first pause spreads the clients, so that they do not all begin at once.
      const pause = random.nextInt(2 * PAUSE * 1000);
      if (Date.now() + pause > end) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
      await act?.(random);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, (_, index) => run(index)));
  await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 4));
  child.kill('SIGUSR2'); // warming up does not count
  const before = await metric(url, 'process_resident_memory_bytes');
  await all;
  await until(
    async () => (await metric(url, 'gptorch_running')) + (await metric(url, 'gptorch_waiting')) === 0,
    'all places are free',
  );
  expect(await metric(url, 'gptorch_cache_used_tokens')).toBe(0);
  const growth = (await metric(url, 'process_resident_memory_bytes')) - before;
  expect(counts.answered).toBeGreaterThan(clients / 6);
  expect(growth).toBeLessThanOrEqual(MOST_GROWTH);
  const { status } = await post(`${url}/v1/completions`, ask(0));
  expect(status).toBe(200);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  const work = Number(await readFile(workFile, 'utf8'));
  console.log(
    `${counts.answered} answered, ${counts.vanished} vanished, ${counts.refused} refused; ` +
      `loop held for ${(work * 1000).toFixed(1)} ms at p99; resident size ${(growth / 2 ** 20).toFixed(1)} MiB more`,
  );
  expect(work).toBeGreaterThan(0);
  expect(work).toBeLessThanOrEqual(MOST_WORK);
}, 300_000);

/** Sends bytes and reads until the server closes. */
function exchange(url: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (data: string) => {
      text += data;
    });
    socket.on('error', () => {}); // It may close before all has been sent; what it said counts.
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}

/** Begins a long stream and is gone after some milliseconds of it. */
function vanish(url: string, after: number): Promise<void> {
  const body = JSON.stringify({ model: 'chat', prompt: 'hello', max_tokens: 250, stream: true });
  const head = `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(head + body));
    socket.once('data', () => setTimeout(() => socket.resetAndDestroy(), after));
    socket.on('error', reject).on('close', () => resolve());
  });
}
