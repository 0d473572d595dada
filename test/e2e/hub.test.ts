import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { HubServer } from '../unit/hub/hub-server.js';
import { gptorch } from './cli.js';

const folder = fileURLToPath(new URL('../fixtures/parity/checkpoints/gpt2_sharded', import.meta.url));
const generate = [
  '--prompt-tokens',
  '1,2,3',
  '--max-new-tokens',
  '4',
  '--temperature',
  '0',
  '--json',
  '--device',
  'cpu',
];

let hub: HubServer;
let home: string;
beforeAll(async () => {
  hub = await HubServer.start();
  home = await mkdtemp(join(tmpdir(), 'gptorch-hub-cli-'));
  const names = await readdir(folder);
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))]));
  hub.models['org/tiny'] = { revisions: { main: Object.fromEntries(files) } };
});
afterAll(async () => {
  await hub.stop();
  await rm(home, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('--model takes a name of the hub; the second time nothing is fetched', async () => {
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_HUB_CACHE', home);
  const fetched = await gptorch(['generate', '--model', 'org/tiny', ...generate]);
  expect(fetched).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('fetching model-00001-of-00003.safetensors'),
  });
  const local = await gptorch(['generate', '--model', folder, ...generate]);
  const reply = (text: string) => JSON.parse(text.trim().split('\n').at(-1) ?? '').tokens;
  expect(reply(fetched.stdout)).toHaveLength(4);
  expect(reply(fetched.stdout)).toEqual(reply(local.stdout));
  const again = await gptorch(['generate', '--model', 'org/tiny', ...generate]);
  expect(again).toMatchObject({ code: 0, stderr: expect.not.stringContaining('fetching') });
  const none = await gptorch(['generate', '--model', 'org/none', ...generate]);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no directory org/none; org/none') });
});
